"""WeChat Pay v3 (Native) as its documents describe it, with signatures of our own making."""

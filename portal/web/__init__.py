"""The face of vendors and the public: server-rendered pages, complete without JavaScript."""

"""The JSON face: providers call us here; members' apps will."""

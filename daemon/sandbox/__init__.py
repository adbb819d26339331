"""A local stand-in for the API: real HTTP on loopback, real pictures, no account."""

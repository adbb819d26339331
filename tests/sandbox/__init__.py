"""Tests of the local stand-in for the API, over real sockets."""

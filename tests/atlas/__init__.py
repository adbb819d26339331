"""Tests of the border to the API, over real sockets."""

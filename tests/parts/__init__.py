"""Tests of the parts that run threads, timers and sockets."""

"""The local stand-in for the API: real HTTP on loopback, faults on demand, a journal of what was asked.

Nothing is imported here, so that `import daemon.sandbox` costs nothing: `server.py` has `Sandbox` (runs in a
thread) and `serve` (in the foreground), `samples.py` draws the pictures that `hotfolder demo` drops.

Imports point one way: server → app → control, calls, misbehaviour → house, exchange → workshop, receiver →
render, state, validate → pictures, videos, sounds, catalogue, answers, faults, journal → settings, formats.
"""

"""The tests: `from tests.support import wait_for` works from every folder of them."""

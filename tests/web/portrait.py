"""Makes the picture of the page in README: `python -m tests.web.portrait` runs the demo and looks at it."""

import os
import tempfile
import time

from PIL import Image

from daemon.setup.demo import Demo
from tests.docs.pages import ROOT
from tests.support import wait_for
from tests.web.browser import chromium

_TARGET = os.path.join(ROOT, "docs", "page.png")
_SCREEN = {"width": 1280, "height": 860, "deviceScaleFactor": 1, "mobile": False}


def main() -> None:
    with tempfile.TemporaryDirectory() as directory, Demo(directory) as demo, chromium() as page:
        sources = demo.drop()
        for _ in demo.follow(sources, 60):
            pass
        page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", _SCREEN)
        address = demo.page()
        assert address is not None
        page.get(address)
        pictures = "return [...document.images].slice(0, 9).every(each => each.complete && each.naturalWidth)"
        wait_for(lambda: page.execute_script(pictures), 20, "the pictures")
        time.sleep(1.0)  # for what only moves into place
        shot = os.path.join(directory, "page.png")
        assert page.save_screenshot(shot)
        with Image.open(shot) as picture:
            picture.convert("RGB").quantize(256).save(_TARGET, optimize=True)
    print(_TARGET, os.path.getsize(_TARGET))


if __name__ == "__main__":
    main()

"""A headless Chromium, driven by Debian's chromedriver: what a person sees, what the browser complains of."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from tests.docs.pages import ROOT

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
_ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
#: Where screenshots are left; CI keeps them.
ARTEFACTS = os.environ.get("CI_ARTEFACTS") or os.path.join(ROOT, "artefacts")


@contextlib.contextmanager
def chromium(*, dark: bool = False, width: int = 1280, height: int = 900) -> Iterator[webdriver.Chrome]:
    """Start a browser with a profile of its own; skips where there is none."""
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs Debian's packages chromium and chromium-driver")
    options = Options()
    options.binary_location = CHROMIUM
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
    ):
        options.add_argument(argument)
    options.add_argument(f"--window-size={width},{height}")
    if dark:
        options.add_argument("--blink-settings=preferredColorScheme=0")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, Service(DRIVER))
    try:
        driver.set_page_load_timeout(30)
        driver.set_script_timeout(30)
        yield driver
    finally:
        driver.quit()


def complaints(driver: webdriver.Chrome) -> list[str]:
    """Give what the browser's console holds: script errors, violated policies, files that could not be had."""
    entries: list[dict[str, str]] = driver.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in entries if entry["level"] in {"SEVERE", "WARNING"}]


def asked_for(driver: webdriver.Chrome) -> set[str]:
    """Give the address of every request that the browser made since this was last asked."""
    entries: list[dict[str, str]] = driver.get_log("performance")  # type: ignore[no-untyped-call]
    events: list[Any] = [json.loads(entry["message"])["message"] for entry in entries]
    sent = [event for event in events if event["method"] == "Network.requestWillBeSent"]
    return {event["params"]["request"]["url"] for event in sent}


def picture_of(driver: webdriver.Chrome, name: str) -> str:
    """Keep a screenshot under `name`; give its path."""
    os.makedirs(ARTEFACTS, exist_ok=True)
    path = os.path.join(ARTEFACTS, f"{name}.png")
    assert driver.save_screenshot(path)
    return path

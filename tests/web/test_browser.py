"""The page in a real browser: what a person sees and does, and that the browser has nothing to complain of."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from daemon.states import State
from tests.daemon.house import House
from tests.daemon.samples import picture
from tests.support import wait_for
from tests.web.browser import asked_for, chromium, complaints, picture_of
from tests.web.visitor import opened

#: A browser that hangs fails its test by its own limits, which are reached before this one.
pytestmark = pytest.mark.timeout(150)


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    with chromium() as driver:
        yield driver


@pytest.fixture
def page(house: House, browser: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    """Open the page as a person would, and hear at the end what the browser says of it."""
    opened(house.daemon.page)
    browser.get(house.daemon.page.ticket())
    asked_for(browser)
    yield browser
    assert complaints(browser) == []
    hosts = {urlsplit(address).netloc for address in asked_for(browser) if not address.startswith("data:")}
    assert hosts <= {urlsplit(str(house.daemon.page.fields()["address"])).netloc}


def run(page: webdriver.Chrome, script: str, *arguments: object) -> Any:
    return page.execute_script(script, *arguments)


def card(page: webdriver.Chrome, name: str) -> WebElement | None:
    found = page.find_elements(By.CSS_SELECTOR, f'.card[data-name="{name}"]')
    return found[0] if found else None


def label(page: webdriver.Chrome, name: str) -> str:
    script = "return document.querySelector(`.card[data-name='${arguments[0]}']`)?.dataset.label ?? ''"
    return str(run(page, script, name))


def live(page: webdriver.Chrome) -> bool:
    return bool(run(page, "return !document.querySelector('[data-pulse]').hidden"))


def loaded(page: webdriver.Chrome, name: str) -> list[int]:
    """Give the widths of a card's pictures as the browser has them; 0 for one that is not there."""
    script = (
        "return [...document.querySelectorAll(`.card[data-name='${arguments[0]}'] img`)].map(i => i.naturalWidth)"
    )
    return list(run(page, script, name))


def test_the_address_opens_the_page_and_does_not_stay(page: webdriver.Chrome) -> None:
    assert urlsplit(page.current_url)[2:] == ("/", "", "")
    assert page.find_element(By.TAG_NAME, "h1").text
    assert run(page, "return document.cookie") == ""


def test_a_dropped_file_appears_and_becomes_done_without_a_reload(house: House, page: webdriver.Chrome) -> None:
    wait_for(lambda: live(page), 20, "the page to listen")
    run(page, "window.same = true")
    house.sandbox.set(predict_seconds=1.0)
    house.drop("cat.png", picture())
    wait_for(lambda: card(page, "cat.png"), 20, "the card")
    wait_for(lambda: label(page, "cat.png") == "Done", 30, "the card to say that it is done")
    run(page, "document.querySelector('.card').scrollIntoView()")
    wait_for(lambda: len(loaded(page, "cat.png")) == 2 and all(loaded(page, "cat.png")), 20, "both pictures")
    assert run(page, "return window.same")


def test_filters_are_links_and_going_back_works(house: House, page: webdriver.Chrome) -> None:
    house.until(house.drop("filtered.png", picture(1)))
    page.refresh()
    page.find_element(By.CSS_SELECTOR, ".filters a.done").click()
    wait_for(lambda: urlsplit(page.current_url).query == "state=done", 10, "the address to say it")
    assert card(page, "filtered.png")
    page.back()
    wait_for(lambda: urlsplit(page.current_url).query == "", 10, "the page before")


def test_a_held_job_is_released_by_keyboard(house: House, page: webdriver.Chrome) -> None:
    house.sandbox.fault("submit", "reset_after")
    job = house.until_held(house.drop("held.png", picture(2)), "unknown_submit")
    wait_for(lambda: label(page, "held.png") == "Held", 20, "the card")
    box = page.find_element(By.CSS_SELECTOR, f'form[action="/jobs/{job.id}/retry"] input[type=checkbox]')
    run(page, "arguments[0].focus()", box)
    page.switch_to.active_element.send_keys(Keys.SPACE)
    page.switch_to.active_element.send_keys(Keys.TAB)
    assert page.switch_to.active_element.text == "Retry"
    page.switch_to.active_element.send_keys(Keys.ENTER)
    house.until(job.source)
    wait_for(lambda: label(page, "held.png") == "Done", 20, "the card to say that it is done")
    assert "tried again by a person" in page.find_element(By.ID, "notices").text


def test_the_keyboard_reaches_the_jobs_and_gets_on(house: House, page: webdriver.Chrome) -> None:
    house.until(house.drop("keyboard.png", picture(3)))
    wait_for(lambda: label(page, "keyboard.png") == "Done", 20, "the card")
    seen = []
    for _ in range(40):
        page.switch_to.active_element.send_keys(Keys.TAB)
        active = page.switch_to.active_element
        seen.append(active.get_attribute("href") or active.text or active.tag_name)
    assert seen[0].endswith("#main")
    assert any("/jobs/" in each for each in seen)
    assert len(set(seen)) > 8  # no element keeps the focus to itself


def test_what_may_not_be_shown_is_not(house: House, page: webdriver.Chrome) -> None:
    page.get(f"{house.daemon.page.fields()['address']!s}/jobs/999")
    assert "There is no job 999" in page.find_element(By.TAG_NAME, "main").text
    page.get_log("browser")  # type: ignore[no-untyped-call]  # that the page was not found is said there, rightly


def test_it_works_without_scripts(house: House, page: webdriver.Chrome) -> None:
    job = house.until(house.drop("plain.png", picture(4)))
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.refresh()
        assert card(page, "plain.png")
        page.find_element(By.CSS_SELECTOR, ".controls form button").click()
        wait_for(lambda: house.gates() == {"pause": ""}, 10, "the pause")
        wait_for(lambda: page.find_elements(By.CSS_SELECTOR, ".notice.gate button"), 10, "the way out")
        page.find_element(By.CSS_SELECTOR, ".notice.gate button").click()
        wait_for(lambda: house.gates() == {}, 10, "the pause to end")
        page.find_element(By.CSS_SELECTOR, f'a[href="/jobs/{job.id}"]').click()
        wait_for(lambda: "What happened" in page.find_element(By.TAG_NAME, "main").text, 10, "the job's page")
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize(
    ("name", "dark", "width"), [("light", False, 1280), ("dark", True, 1280), ("narrow", False, 360)]
)
def test_it_fits_and_is_kept_as_a_picture(
    name: str, dark: bool, width: int, house: House, page: webdriver.Chrome
) -> None:
    house.sandbox.fault("submit", "status", code=400, message="aspect_ratio is wrong")
    number = {"light": 10, "dark": 11, "narrow": 12}[name]
    house.until(house.drop(f"wrong-{name}.png", picture(number)), State.FAILED)
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    try:
        page.refresh()
        wait_for(lambda: live(page), 20, "the page to listen")
        assert run(page, "return document.documentElement.scrollWidth") <= width
        with Image.open(picture_of(page, f"page-{name}")) as shot:
            assert (shot.convert("L").tobytes()[0] < 128) == dark
        page.get(f"{house.daemon.page.fields()['address']!s}/jobs/{house.jobs()[-1].id}")
        assert run(page, "return document.documentElement.scrollWidth") <= width
        picture_of(page, f"job-{name}")
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("what", ["source", "outputs/0"])
def test_a_file_opens_by_itself(what: str, house: House, page: webdriver.Chrome) -> None:
    job = house.until(house.drop(f"alone-{len(what)}.png", picture(20 + len(what))))
    page.get(f"{house.daemon.page.fields()['address']!s}/jobs/{job.id}/{what}")
    assert run(page, "return document.images[0].naturalWidth") == 16
    # It stands alone, in a sandbox: not even the sign of the site that browsers look for is let in.
    assert all("/favicon.ico" in each for each in complaints(page))

"""walk.py PROGRAM [FOLDER]: goes through every page of a studio as a user would, in a real browser. With FOLDER it leaves
screenshots there, light and dark."""
import glob
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time

from browser import Browser

program, shots = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
failures = []


def check(holds, what):
    if not holds:
        failures.append(what)
        print(f"FAILED: {what}", file=sys.stderr)


def start_studio(*options):
    process = subprocess.Popen([program, "studio", *options, "runs"], stdout=subprocess.PIPE, text=True)
    address = re.search(r"http://\S+", process.stdout.readline())[0]
    return process, address


def look(browser, name):
    """Light, dark, on a projector and narrow; nothing may be wider than a small telephone."""
    for scheme, width in (("light", 1280), ("dark", 1280), ("wide", 1920), ("narrow", 360)):
        browser.appearance("dark" if scheme == "dark" else "light", width, 900)
        time.sleep(0.4 if shots else 0.05)
        if shots:
            os.makedirs(shots, exist_ok=True)
            browser.screenshot(f"{shots}/{name}-{scheme}.png")
    wide = browser.run("document.documentElement.scrollWidth")
    check(wide <= 361, f"{name} is {wide} pixels wide on a screen of 360")
    browser.appearance()


def go(browser, page, script, what, seconds=30):
    browser.run(f"location.hash = {json.dumps(page)}")
    browser.wait(script, what, seconds)


def page_is_good(browser, name):
    check(browser.faults == [], f"{name}: errors in the console: {[fault[:300] for fault in browser.faults]}")
    browser.faults.clear()
    unnamed = browser.unnamed()
    check(unnamed == [], f"{name}: controls without a name: {unnamed}")
    look(browser, name)


def api(browser, path):
    return browser.run(f"fetch('/api/1/{path}').then((reply) => reply.json())")


def state_is(browser, name, state, seconds=60):
    return browser.wait(f"""fetch('/api/1/runs').then((reply) => reply.json()).then((runs) =>
        runs.some((run) => run.name === '{name}' && run.state === '{state}'))""", f"{name} is {state}", seconds)


def step_of(browser, name):
    return next(run for run in api(browser, "runs") if run["name"] == name)["step"]


studio, address = start_studio()
base = address.split("#")[0]
port = int(re.search(r":(\d+)/", address)[1])
browser = Browser("--host-resolver-rules=MAP evil.test 127.0.0.1")
try:
    browser.appearance()
    # --- Log in: the token works once, and no script can read the cookie ---
    browser.open(address)
    browser.wait("document.querySelector('table.runs')", "the list of runs")
    check(browser.run("document.cookie") == "", "a script can read the cookie")
    check("login" not in browser.run("location.href"), "the token stays in the address")
    page_is_good(browser, "runs")
    ids = {run["name"]: run["id"] for run in api(browser, "runs")}

    # --- A run: start, watch, stop, resume, prolong ---
    go(browser, "#/new?recipe=dcgan-glyphs", "document.querySelector('#field-train\\\\.steps')", "the form")
    def fill(field, value):
        browser.run(f"""(() => {{ const field = document.getElementById('field-{field}'); field.value = '{value}';
            field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input', {{bubbles: true}})); }})()""")
    fill("model.width", "0")
    browser.wait("document.querySelector('[role=status] .notice')?.textContent.includes('model.width')", "what is wrong with a width of 0")
    for field, value in {"model.width": "4", "data.limit": "200", "train.steps": "100000", "train.sample_every": "20",
                         "train.threads": "1", "train.batch": "8", "train.log_seconds": "0.2"}.items():
        fill(field, value)
    browser.wait("[...document.querySelectorAll('[role=status] .good')].length > 0", "good settings")
    browser.press("Forecast")
    browser.wait("[...document.querySelectorAll('[role=status] pre')].some((each) => each.textContent.includes('memory'))", "the forecast", 60)
    page_is_good(browser, "new")
    browser.run("""(() => { const name = document.querySelector("input[aria-label='Name of the run']"); name.value = 'walked';
        name.dispatchEvent(new Event('input')); })()""")
    browser.press("Start")
    browser.wait("location.hash.startsWith('#/run/')", "the page of the new run", 60)
    state_is(browser, "walked", "running")
    browser.wait("document.querySelectorAll('.strip img').length >= 2", "pictures of the running training")
    before = step_of(browser, "walked")
    browser.wait(f"fetch('/api/1/runs').then((reply) => reply.json()).then((runs) => runs.find((run) => run.name === 'walked').step > {before})", "progress")
    page_is_good(browser, "running")
    browser.press("Set learning rate")
    browser.press("Stop and save")
    state_is(browser, "walked", "stopped")
    stopped = step_of(browser, "walked")
    browser.wait("[...document.querySelectorAll('p')].some((each) => each.textContent.includes('optimizer.'))", "the command of the learning rate, with its step")
    browser.press("Resume to")
    state_is(browser, "walked", "running")
    browser.wait(f"fetch('/api/1/runs').then((reply) => reply.json()).then((runs) => runs.find((run) => run.name === 'walked').step > {stopped})", "progress after resuming")
    browser.press("Stop and save")
    state_is(browser, "walked", "stopped")
    more = step_of(browser, "walked") + 15
    browser.wait("document.querySelector(\"input[aria-label='Steps in all']\")", "the controls of a run that is still")
    browser.run(f"document.querySelector(\"input[aria-label='Steps in all']\").value = {more}")
    browser.press("Resume to")
    state_is(browser, "walked", "finished")
    check(step_of(browser, "walked") == more, "the run does not end at its new length")

    # --- One slider for pictures and charts ---
    go(browser, f"#/run/{ids['letters']}", "document.querySelector('h1')?.textContent === 'letters' && document.querySelectorAll('.strip img').length >= 4", "the pictures of a run")
    first = browser.run("document.querySelector('img.large').src")
    browser.run("""(() => { const slider = document.querySelector("input[aria-label='Step']"); slider.value = 0;
        slider.dispatchEvent(new Event('input')); })()""")
    check(browser.run("document.querySelector('img.large').src") != first, "the slider does not change the picture")
    check("step=" in browser.run("location.hash"), "the address does not name the step")
    page_is_good(browser, "run")

    # --- Compare ---
    go(browser, "#/runs", "document.querySelectorAll('table.runs input[type=checkbox]').length >= 3", "the list")
    browser.run("[...document.querySelectorAll('table.runs input[type=checkbox]')].slice(0, 2).forEach((box) => box.click())")
    browser.press("Compare the ticked runs")
    browser.wait("document.querySelectorAll('figure img').length >= 2 && document.querySelector('.chart canvas')", "the comparison")
    page_is_good(browser, "compare")

    # --- Latents: dragging and a slider change the picture ---
    go(browser, f"#/latents/{ids['codes']}", "document.querySelector(\"img[alt='Decoded latent']\")?.src", "a decoded latent")
    def decoded():
        return browser.run("""(async () => { const image = document.querySelector("img[alt='Decoded latent']"); 
            while (!(await image.decode().then(() => true, () => false)));  // the source may be replaced meanwhile
            const canvas = document.createElement('canvas'); canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
            canvas.getContext('2d').drawImage(image, 0, 0); return canvas.toDataURL(); })()""")
    def changes(act, what):
        old = decoded()
        act()
        for _ in range(100):
            if decoded() != old:
                return
            time.sleep(0.05)
        check(False, what)
    browser.wait("document.querySelector('.lattice').style.backgroundImage.includes('blob:')", "the pictures of the lattice")
    left, top, width, height = browser.box(".lattice")
    changes(lambda: browser.drag([(left + 0.5 * width, top + 0.5 * height), (left + 0.95 * width, top + 0.9 * height)]), "dragging through the lattice")
    browser.press("Nearest training pictures")
    browser.wait("document.querySelector(\"img[alt='Nearest training pictures']\").naturalWidth > 100", "the nearest training pictures")
    browser.wait("document.querySelector(\"img[alt='The plane of both latents']\").naturalWidth > 100", "the plane of two latents")
    changes(lambda: browser.run("""(() => { const slider = document.querySelector("input[aria-label='Direction 1']"); slider.value = 3;
        slider.dispatchEvent(new Event('input')); })()"""), "a slider along a direction")
    changes(lambda: browser.run("""(() => { const slider = document.querySelector("input[aria-label='Checkpoint']"); slider.value = 0;
        slider.dispatchEvent(new Event('input')); })()"""), "the same latent at another checkpoint")
    check("--checkpoint 40" in browser.run("document.querySelector('.command').textContent"), "the command names the checkpoint")
    changes(lambda: browser.choose_file("input[aria-label='A picture of your own']", glob.glob("runs/codes/samples/*.png")[0]), "a picture's own latent")
    browser.wait("document.querySelector(\"img[alt^='Your picture']\").naturalWidth > 50", "the picture beside that of its latent")
    check(browser.run("document.querySelector(\"input[aria-label='Seed of corner 1']\").value") == "-1", "the latent of the picture is no corner")
    browser.press("Strip")
    browser.wait("document.querySelector(\"img[alt='Path']\").naturalWidth > 100", "a path")
    browser.press("Pictures")
    browser.wait("document.querySelectorAll('.tray img').length === 16", "pictures for arithmetic")
    for group in "abc":
        browser.run(f"""(() => {{ const choice = document.querySelector("select[aria-label='Group']"); choice.value = '{group}';
            choice.dispatchEvent(new Event('change')); document.querySelectorAll('.tray button')['abc'.indexOf('{group}')].click(); }})()""")
    browser.wait("document.querySelector(\"img[alt='A, B, C and A - B + C']\").naturalWidth > 50", "the result of the arithmetic")
    page_is_good(browser, "latents")

    # --- Draw ---
    go(browser, f"#/draw/{ids['codes']}", "document.querySelector(\"img[alt='The run\\\\'s answer']\")?.src.length > 100", "an answer")
    old = browser.run("document.querySelector(\"img[alt='The run\\\\'s answer']\").src")
    left, top, width, height = browser.box("canvas.board")
    browser.drag([(left + 0.3 * width, top + 0.1 * height), (left + 0.35 * width, top + 0.5 * height), (left + 0.3 * width, top + 0.9 * height)])
    browser.wait(f"document.querySelector(\"img[alt='The run\\\\'s answer']\").src !== {json.dumps(old)}", "another answer after a stroke")
    for answer in ("nearest", "project"):
        old = browser.run("document.querySelector(\"img[alt='The run\\\\'s answer']\").src")
        browser.run(f"""(() => {{ const choice = document.querySelector("select[aria-label='Answer']"); choice.value = '{answer}';
            choice.dispatchEvent(new Event('change')); }})()""")
        browser.wait(f"document.querySelector(\"img[alt='The run\\\\'s answer']\").src !== {json.dumps(old)}", f"the answer '{answer}'")
    page_is_good(browser, "draw")

    # --- Map, plane, labs, data ---
    go(browser, f"#/map/{ids['codes']}", "document.querySelector(\"canvas[aria-label='Map of codes']\")", "the map", 60)
    browser.run("""(() => { const choice = document.querySelector("select[aria-label='Colour by']"); choice.value = 'reconstruction error';
        choice.dispatchEvent(new Event('change')); })()""")
    page_is_good(browser, "map")
    go(browser, "#/plane", "document.querySelector('[role=status]') && document.body.innerText.includes('Step 0.')", "the game")
    browser.press("Ten steps")
    browser.wait("document.body.innerText.includes('Step 10.')", "ten steps of the game")
    browser.press("Discriminator only")
    browser.wait("document.body.innerText.includes('Step 11.')", "one step of the discriminator")
    page_is_good(browser, "plane")
    go(browser, "#/labs", "document.querySelectorAll('td a').length > 20", "the labs")
    page_is_good(browser, "labs")
    go(browser, "#/labs/shift-gan", "document.querySelector('.katex')", "a lab with formulas")
    browser.press("Run for a few seconds")
    browser.wait("document.querySelector('iframe')", "the lab's page", 90)
    check("claims hold" in browser.run("document.querySelector('pre').textContent"), "the lab's verdict is not shown")
    page_is_good(browser, "lab")
    go(browser, "#/data", "document.querySelectorAll('td a').length > 3", "the data sets")
    page_is_good(browser, "sets")
    go(browser, "#/data/glyphs-bold", "document.querySelector('img.picture')?.naturalWidth > 0", "pictures of a data set")
    browser.press("Ask the doctor")
    browser.wait("/Problems: |No problems in /.test(document.querySelector('main').textContent)", "the doctor's findings", 60)
    page_is_good(browser, "data")

    # --- Keyboard ---
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="7", text="7")
    browser.wait("location.hash === '#/labs'", "the page of key 7")

    # --- Nothing was asked of anybody else ---
    strangers = {url for url in browser.requests if not url.startswith((base, "blob:", "data:", "about:"))}
    check(strangers == set(), f"requests to others: {strangers}")

    # --- DNS rebinding: another name for this machine, with a session in the same browser ---
    browser.open(f"http://evil.test:{port}/api/1/runs")
    browser.wait("document.body.innerText.includes('meant for another address')", "the refusal of another name")
    # --- A page of another origin ---
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>another</title>")

        def log_message(self, *_):
            pass
    other = http.server.HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    browser.open(f"http://localhost:{other.server_port}/")
    browser.wait("document.title === 'another'", "the other page")
    reached = browser.run(f"""(async () => {{
        const own = 'http://localhost:{port}/api/1/';
        const tries = [
            fetch(own + 'runs', {{credentials: 'include'}}).then((reply) => reply.text()),
            fetch(own + 'do/shutdown', {{method: 'POST', mode: 'no-cors', credentials: 'include', body: '{{}}'}}).then((reply) => reply.type),
            fetch(own + 'do/shutdown', {{method: 'POST', credentials: 'include', headers: {{'Content-Type': 'application/json', 'X-Belamy': '1'}}, body: '{{}}'}}).then((reply) => reply.text()),
        ];
        return (await Promise.allSettled(tries)).map((each) => each.status + ' ' + (each.value || ''));
    }})()""")
    check(reached[0].startswith("rejected") and reached[2].startswith("rejected"), f"another page reads the studio: {reached}")
    time.sleep(0.5)
    check(studio.poll() is None, "another page ended the studio")
finally:
    browser.close()
    studio.terminate()
    studio.wait()

# --- A studio that only shows ---
studio, address = start_studio("--read-only")
browser = Browser()
try:
    browser.open(address)
    browser.wait("document.querySelector('table.runs')", "the list of runs")
    check(browser.run("!document.body.innerText.includes('New run')"), "a studio that only shows offers new runs")
    refused = browser.run("""fetch('/api/1/do/start', {method: 'POST', headers: {'Content-Type': 'application/json', 'X-Belamy': '1'}, body: '{}'})
        .then((reply) => reply.status)""")
    check(refused == 403, f"a studio that only shows answers {refused} to a start")
    # The death of the studio is told, and nothing else happens.
    studio.kill()
    browser.wait("document.getElementById('jobs').textContent.includes('does not answer')", "the message that the studio is gone")
finally:
    browser.close()
    studio.kill()
    studio.wait()
sys.exit(1 if failures else 0)

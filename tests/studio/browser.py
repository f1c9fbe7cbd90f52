"""A headless Chromium, driven by the DevTools protocol."""
import base64
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

import websocket  # Debian's python3-websocket


def find_browser():
    for name in ("chromium-headless-shell", "chromium", "google-chrome"):
        if path := shutil.which(name):
            return path
    return None


class Browser:
    """One browser with one page. Collects errors of the console and the addresses of all requests."""

    def __init__(self, *options):
        self.folder = tempfile.mkdtemp(prefix="belamy-browser-")
        command = [find_browser(), "--headless", "--remote-debugging-port=0", f"--user-data-dir={self.folder}",
                   "--disable-gpu", "--remote-allow-origins=*", "--window-size=1280,900", *options]
        if os.geteuid() == 0:
            command.append("--no-sandbox")
        # A session of its own: Debian's browser is a script that starts the browser, and both must end.
        self.process = subprocess.Popen([*command, "about:blank"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                                        start_new_session=True)
        for line in self.process.stderr:
            if found := re.search(r"DevTools listening on ws://([^/]+)/", line):
                break
        else:
            raise RuntimeError("the browser did not start")
        os.set_blocking(self.process.stderr.fileno(), False)
        tabs = json.load(urllib.request.urlopen(f"http://{found[1]}/json"))
        page = next(tab for tab in tabs if tab["type"] == "page")
        self.socket = websocket.create_connection(page["webSocketDebuggerUrl"], timeout=30)
        self.numbers = itertools.count(1)
        self.faults, self.requests = [], []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def close(self):
        self.socket.close()
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _see(self, message):
        method, about = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            self.faults.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Log.entryAdded" and about["entry"]["level"] == "error":
            self.faults.append(f"{about['entry']['text']} {about['entry'].get('url', '')}")

    def call(self, method, **parameters):
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message.get("result", {})
            self._see(message)

    def run(self, script):
        """The value of a JavaScript expression; promises are waited for."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"].get("exception", {}).get("description", str(result)))
        return result["result"].get("value")

    def open(self, url):
        self.call("Page.navigate", url=url)

    def wait(self, script, what, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if value := self.run(f"Promise.resolve({script}).then((found) => (found instanceof Node ? true : found))"):
                    return value
            except RuntimeError:
                pass  # the page is being replaced
            time.sleep(0.05)
        raise AssertionError(f"not seen within {seconds} s: {what}\n{self.run('document.body.innerText')}")

    def press(self, text, root="document"):
        """Clicks the button or link with this text."""
        self.wait(f"""(() => {{
            const found = [...{root}.querySelectorAll('button, a')].find((each) => each.textContent.trim() === {json.dumps(text)} && !each.disabled);
            if (!found) return false;
            found.click();
            return true;
        }})()""", f"a button '{text}'")

    def mouse(self, kind, x, y, buttons=1):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=buttons, clickCount=1)

    def drag(self, points):
        self.mouse("mousePressed", *points[0])
        for point in points[1:]:
            self.mouse("mouseMoved", *point)
        self.mouse("mouseReleased", *points[-1], buttons=0)

    def choose_file(self, selector, path):
        page = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=page, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[os.path.abspath(path)])

    def box(self, selector):
        return self.run(f"""(() => {{ const found = document.querySelector({json.dumps(selector)});
            found.scrollIntoView({{block: 'center'}}); const b = found.getBoundingClientRect();
            return [b.left, b.top, b.width, b.height]; }})()""")

    def appearance(self, scheme="light", width=1280, height=900):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def screenshot(self, path):
        made = self.call("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        with open(path, "wb") as file:
            file.write(base64.b64decode(made["data"]))

    def unnamed(self):
        """The controls without a name for screen readers."""
        self.call("Accessibility.enable")
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        controls = {"button", "link", "textbox", "slider", "checkbox", "combobox", "spinbutton", "searchbox", "ColorWell", "image"}
        found = []
        for node in nodes:
            role, name = node.get("role", {}).get("value"), node.get("name", {}).get("value")
            if not node.get("ignored") and role in controls and not (name or "").strip():
                found.append(f"{role} {node.get('nodeId')}")
        return found

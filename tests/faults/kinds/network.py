"""A job on AWS over a network that drops, stalls, cuts, and answers what nobody asked for."""

from __future__ import annotations

import json
import random
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..base import FOLDERS, STAGES
from ..scene import Scene
from ..spaceport import ROOT
from ..verdict import WRONG

sys.path.append(str(ROOT / "tests"))

from cloud.client.service import KEY, Service, made_elsewhere

_STEPS = {"photos": "sfm", "sfm": "sfm", "splats": "3dgs"}
_ANSWERS = (
    b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 13\r\n\r\n<html></html>",
    b"HTTP/1.1 503 Slow Down\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 99999999\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n<html",
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]",
    b'HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n{"job": 1e999, "x":',
    b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x00\xff" * 200,
    b"",
)
_WAYS = ("drop", "reset", "cut", "answer", "stall")


class Broken:
    """A way to a server that fails for some of the connections, as it was drawn."""

    def __init__(self, target: int, chance: random.Random, share: float, most: int) -> None:
        self.target, self.chance, self.share, self.left = target, chance, share, most
        self.did: list[str] = []
        self._lock = threading.Lock()

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Yield the port to connect to."""
        with socket.create_server(("127.0.0.1", 0)) as door:
            threading.Thread(target=self._accept, args=(door,), daemon=True).start()
            yield door.getsockname()[1]

    def _accept(self, door: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = door.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            way, after, answer = "", 0, b""
            if self.left > 0 and self.chance.random() < self.share:
                self.left -= 1
                way, answer = self.chance.choice(_WAYS), self.chance.choice(_ANSWERS)
                after = self.chance.choice((0, 10, 300, 3000, 30_000))
                self.did.append(way)
        with client, suppress(OSError):
            if way == "drop":
                return
            if way == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            if way == "answer":
                client.recv(65536)
                client.sendall(answer)
                return
            with socket.create_connection(("127.0.0.1", self.target)) as server:
                back = threading.Thread(target=_pump, args=(server, client, way, after))
                back.start()
                _pump(client, server, "", 0)
                back.join()


def _pump(source: socket.socket, target: socket.socket, way: str, after: int) -> None:
    passed = 0
    with suppress(OSError):
        while data := source.recv(16384):
            if way == "cut" and passed + len(data) > after:
                target.sendall(data[: max(0, after - passed)])
                break
            if way == "stall" and passed + len(data) > after:
                threading.Event().wait(3.0)
                way = ""
            target.sendall(data)
            passed += len(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def of_a_job(scene: Scene) -> None:
    """Have a project computed elsewhere over a bad network; it ends well in the end."""
    scene.session.lay("finished")
    service = _service(scene)
    scene.begin("read")
    with service.serving():
        port = int(service.url.rpartition(":")[2].partition("/")[0])
        share, most = scene.chance.choice(((0.2, 8), (0.5, 12), (1.0, 3), (1.0, 6)))
        network = Broken(port, scene.chance, share, most)
        with network.serving() as broken:
            _connect(scene, service.url.replace(str(port), str(broken)))
            words = ("cloud", "run", scene.project, "--yes", "--json", "--every", "0.2")
            ended = scene.judged(scene.spaceport(*words), None)
            for _ in range(3):
                if ended.code == 0 or ended.hung:
                    break
                ended = scene.judged(scene.spaceport(*words), None)
            scene.did(f"the network: {', '.join(network.did) or 'nothing'}")
    if ended.code:
        scene.fault(WRONG, f"the job never ends well: {ended.error}")
    scene.go_on()
    scene.check()


def _connect(scene: Scene, url: str) -> None:
    home = Path(scene.spaceport.environment["XDG_CONFIG_HOME"]) / "spaceport"
    home.mkdir(parents=True, exist_ok=True)
    (home / "cloud.json").write_text(json.dumps({"endpoint": url}), encoding="utf-8")
    scene.spaceport.environment["SPACEPORT_API_KEY"] = KEY


def _service(scene: Scene) -> Service:
    """Return a service whose results are those of the undisturbed run."""
    service = Service()
    service.work = service.finish
    stages: dict[str, dict[str, bytes]] = {}
    for folder, stage in zip(FOLDERS, STAGES, strict=True):
        place = scene.project / folder
        stages[stage] = {
            path.relative_to(place).as_posix(): path.read_bytes()
            for path in sorted(place.rglob("*"))
            if path.is_file()
        }
        kept = service.results.setdefault(_STEPS.get(folder, "compression"), {})  # type: ignore[call-overload]
        kept |= {f"{folder}/{name}": data for name, data in stages[stage].items()}
    service.records = made_elsewhere(stages)
    document = json.loads((scene.project / "project.json").read_text(encoding="utf-8"))
    for stage, record in service.records.items():
        record["published"]["report"] = document["stages"][stage]["published"]["report"]
    return service

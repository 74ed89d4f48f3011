"""A FastAPI application with everything that can go wrong."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, BackgroundTasks, FastAPI, WebSocket
from fastapi.responses import StreamingResponse

from monlight.integrations.fastapi import setup_monlight


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    if os.environ.get("FAIL") == "startup":
        raise ConnectionError("no database")
    yield
    if os.environ.get("FAIL") == "shutdown":
        raise ConnectionError("no database any more")


app = FastAPI(lifespan=lifespan)
setup_monlight(
    app,
    error_tracker_url=os.environ["ERROR_TRACKER_URL"],
    metrics_collector_url=os.environ["METRICS_COLLECTOR_URL"],
    api_key=os.environ["MONLIGHT_API_KEY"],
    project=os.environ["MONLIGHT_PROJECT"],
    environment="test",
)


@app.get("/ok")
async def ok() -> str:
    return "ok"


@app.get("/sync/{number}")
def sync(number: int) -> int:
    return number


@app.get("/boom/{number}")
async def boom(number: int) -> float:
    return 1 / (number - number)


orders = APIRouter(prefix="/orders")


@orders.post("/{order}/pay")
async def pay(order: int) -> int:
    raise KeyError(order)


app.include_router(orders, prefix="/api")


@app.get("/stream")
async def stream(fail: bool = False) -> StreamingResponse:
    async def body() -> AsyncIterator[bytes]:
        for number in range(3):
            yield b"x" * 100
            await asyncio.sleep(0.01)
            if fail and number == 1:
                raise BufferError("in the middle")

    return StreamingResponse(body())


@app.get("/background")
async def background(tasks: BackgroundTasks) -> str:
    async def work() -> None:
        raise TimeoutError("in the background")

    tasks.add_task(work)
    return "later"


@app.websocket("/ws/{room}")
async def ws(socket: WebSocket, room: str) -> None:
    await socket.accept()
    if room == "broken":
        raise LookupError(room)
    await socket.send_text(await socket.receive_text())
    await socket.close(1000)


sub = FastAPI()


@sub.get("/things/{thing}")
async def thing(thing: str) -> str:
    return thing


app.mount("/sub", sub)

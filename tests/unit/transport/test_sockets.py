"""The outbox: order kept, no task while idle, a broken socket harms nobody."""

import asyncio

from voltline.transport.sockets import OutboxSocket


class Slow:
    def __init__(self) -> None:
        self.sent: list[str] = []
        self.closed: tuple[int, str] | None = None

    async def send(self, text: str) -> None:
        await asyncio.sleep(0)
        self.sent.append(text)

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)


async def test_texts_are_sent_in_order_and_the_close_comes_last() -> None:
    slow = Slow()
    socket = OutboxSocket(slow.send, slow.close)
    for number in range(5):
        socket.send_text(str(number))
    socket.close(1000, "done")
    socket.send_text("too late")
    await socket.drained()
    assert slow.sent == ["0", "1", "2", "3", "4"]
    assert slow.closed == (1000, "done")


async def test_an_idle_outbox_holds_no_task() -> None:
    slow = Slow()
    socket = OutboxSocket(slow.send, slow.close)
    socket.send_text("x")
    await socket.drained()
    assert len(asyncio.all_tasks()) == 1


async def test_a_socket_that_breaks_keeps_its_failure_and_takes_no_more() -> None:
    async def broken(_: str) -> None:
        raise ConnectionResetError("gone")

    slow = Slow()
    socket = OutboxSocket(broken, slow.close)
    socket.send_text("x")
    socket.send_text("y")
    await socket.drained()
    socket.send_text("z")
    await socket.drained()
    assert isinstance(socket.failure, ConnectionResetError)

"""A link between two network namespaces: every packet arrives some time after it was sent.

    link.py NAMESPACE NAMESPACE MILLISECONDS

Each namespace has an interface called `link`, which whoever started this sets up once "ready" is printed.
Kernels have a queue that delays packets (netem), but not every kernel has it built in.
"""
import collections
import ctypes
import fcntl
import os
import struct
import sys
import threading
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
LARGEST_PACKET = 1 << 16


def interface(namespace):
    """The file of an interface, made in a namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}", "rb") as file:
        if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"the namespace {namespace} cannot be entered")
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22s", b"link", IFF_TUN | IFF_NO_PI, b""))
    return tun


def forward(source, target, delay):
    """Reads packets from one interface and writes each to the other when it is due."""
    queue = collections.deque()
    arrived = threading.Semaphore(0)

    def read():
        while True:
            packet = os.read(source, LARGEST_PACKET)
            queue.append((time.monotonic() + delay, packet))
            arrived.release()

    def write():
        while True:
            arrived.acquire()
            due, packet = queue.popleft()
            time.sleep(max(0, due - time.monotonic()))
            try:
                os.write(target, packet)
            except OSError:
                pass  # Nobody listens there yet.

    for work in (read, write):
        threading.Thread(target=work, daemon=True).start()


def main():
    first, second, milliseconds = sys.argv[1:]
    here, there = interface(first), interface(second)
    for source, target in ((here, there), (there, here)):
        forward(source, target, float(milliseconds) / 1e3)
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()

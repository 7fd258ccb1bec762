# SPDX-License-Identifier: BSD-3-Clause
"""The remote host of a rig: sends numbered frames to guests that send them back, and counts what comes."""
import json
import os
import select
import signal
import socket
import struct
import time

STATION = bytes.fromhex("0200000000fe")
# UDP over IPv4, one flow for each guest: every form can steer it.
ETHERTYPE = 0x0800
NUMBER_AT = 14 + 20 + 8
PADDING = bytes(64)


def mac_text(mac):
    return ":".join("%02x" % octet for octet in mac)


def headers(mac, address):
    """Of a frame to that guest, up to its number."""
    udp = struct.pack("!HHHH", 4000, 5000, 8 + 8 + len(PADDING), 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp) + 8 + len(PADDING), 0, 0, 64, 17, 0, bytes([10, 0, 0, 1]), address)
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xFFFF) + (total >> 16)
    ip = ip[:10] + struct.pack("!H", 0xFFFF ^ ((total & 0xFFFF) + (total >> 16))) + ip[12:]
    return mac + STATION + struct.pack("!H", ETHERTYPE) + ip + udp


class Wire:
    """Works in a process of its own, on one network interface.

    guests: by name, MAC and IPv4 address as bytes. rate: frames a second to each guest that was started.
    """

    def __init__(self, interface, guests, rate):
        self.orders, child_orders = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                self.orders.close()
                run(child_orders, interface, guests, rate)
                code = 0
            finally:
                os._exit(code)
        child_orders.close()

    def order(self, text):
        self.orders.send(text.encode())

    def counts(self):
        """Sent and found so far."""
        self.order("counts")
        return json.loads(self.orders.recv(1 << 20))

    def finish(self):
        """Waits for what is under way to those that are still started; sent and found in all."""
        self.order("finish")
        answer = json.loads(self.orders.recv(1 << 20))
        os.waitpid(self.pid, 0)
        self.pid = None
        return answer

    def close(self):
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = None


def run(orders, interface, guests, rate):
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE))
    link.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
    link.setsockopt(socket.SOL_SOCKET, 32, 1 << 22)  # SO_SNDBUFFORCE
    link.bind((interface, ETHERTYPE))
    link.setblocking(False)
    names = list(guests)
    sent = dict.fromkeys(names, 0)
    expected = dict.fromkeys(names, 0)
    found = {name: {"returned": 0, "late": 0, "gaps": 0} for name in names}
    # When the last frame came from each, on this process's clock.
    heard = dict.fromkeys(names, 0.0)
    active = set()
    unsent = 0
    by_mac = {guests[name][0]: name for name in names}
    front = {name: headers(*guests[name]) for name in names}

    def receive():
        # The kernel shows a socket its own frames, too: those are addressed to a guest.
        for _ in range(256):
            try:
                frame = link.recv(2048)
            except (BlockingIOError, OSError):
                return
            name = by_mac.get(frame[6:12])
            if frame[:6] != STATION or name is None:
                continue
            number = struct.unpack_from("!Q", frame, NUMBER_AT)[0]
            account = found[name]
            account["returned"] += 1
            heard[name] = time.monotonic()
            if number < expected[name]:
                account["late"] += 1
            else:
                account["gaps"] += number - expected[name]
                expected[name] = number + 1

    def answer():
        orders.send(json.dumps({"sent": sent, "found": found, "unsent": unsent, "heard": heard}).encode())

    begin = time.monotonic()
    step = 1.0 / rate
    due = begin
    while True:
        readable, _, _ = select.select([link, orders], [], [], max(0.0, min(step, due - time.monotonic())))
        if link in readable:
            receive()
        if orders in readable:
            word, _, argument = orders.recv(256).decode().partition(" ")
            if word == "start":
                active.add(argument)
            elif word == "stop":
                active.discard(argument)
            elif word == "counts":
                answer()
            else:
                break
        now = time.monotonic()
        if now - due > 0.2:
            # This machine was away: no burst makes up for it.
            due = now
        while due <= now:
            due += step
            for name in active:
                frame = front[name] + struct.pack("!Q", sent[name]) + PADDING
                try:
                    link.send(frame)
                    sent[name] += 1
                except (BlockingIOError, OSError):
                    unsent += 1
    end = time.monotonic() + 10
    while time.monotonic() < end and any(found[n]["returned"] < sent[n] for n in active):
        select.select([link], [], [], 0.05)
        receive()
    answer()

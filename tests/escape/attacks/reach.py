"""Tries to send something to each target; prints what came of each: "ok" or the name of the error, and how long it took."""
import errno, json, socket, struct, sys, time

IP_DONTROUTE = socket.SO_DONTROUTE


def icmp_echo():
    packet = struct.pack("!BBHHH", 8, 0, 0, 7, 1) + b"escape"
    total = sum(struct.unpack("!%dH" % (len(packet) // 2), packet))
    total = (total >> 16) + (total & 0xFFFF)
    return packet[:2] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + packet[4:]


def attempt(target):
    family = socket.AF_INET6 if ":" in target["host"] else socket.AF_INET
    kinds = {
        "tcp": (socket.SOCK_STREAM, 0),
        "udp": (socket.SOCK_DGRAM, 0),
        "icmp": (socket.SOCK_DGRAM, socket.IPPROTO_ICMP),
        "raw-icmp": (socket.SOCK_RAW, socket.IPPROTO_ICMP),
    }
    kind, protocol = kinds[target["kind"]]
    s = socket.socket(family, kind, protocol)
    s.settimeout(target.get("seconds", 2))
    if "device" in target:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, target["device"].encode() + b"\0")
    if target.get("dontRoute"):
        s.setsockopt(socket.SOL_SOCKET, IP_DONTROUTE, 1)
    address = (target["host"], target.get("port", 0))
    if target["kind"] == "tcp":
        s.connect(address)
        s.sendall(b"escape over tcp\n")
    elif target["kind"] == "udp":
        s.sendto(b"escape over udp\n", address)
    else:
        s.sendto(icmp_echo(), address)
        s.recvfrom(512)
    s.close()


def outcome(target):
    started = time.monotonic()
    try:
        attempt(target)
        result = "ok"
    except socket.timeout:
        result = "timeout"
    except OSError as error:
        result = errno.errorcode.get(error.errno, str(error))
    return {"result": result, "ms": round((time.monotonic() - started) * 1000)}


print(json.dumps([outcome(target) for target in json.loads(sys.argv[1])]))

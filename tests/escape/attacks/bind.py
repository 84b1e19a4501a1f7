"""Tries to listen at each place, on every address too, with and without the options that let sockets share a port."""
import errno, json, socket, sys

SHARING = {"plain": [], "reuseAddress": [socket.SO_REUSEADDR], "reusePort": [socket.SO_REUSEPORT, socket.SO_REUSEADDR]}
KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def outcome(kind, address, port, options):
    s = socket.socket(socket.AF_INET, KINDS[kind])
    try:
        for option in options:
            s.setsockopt(socket.SOL_SOCKET, option, 1)
        s.bind((address, port))
        if kind == "tcp":
            s.listen()
        return "ok"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    finally:
        s.close()


print(json.dumps({f"{kind} {address} {port} {name}": outcome(kind, address, port, options)
                  for kind, own, port in json.loads(sys.argv[1])
                  for address in (own, "0.0.0.0")
                  for name, options in SHARING.items()}))

"""Tries to listen on each address and port, with and without the options that let sockets share a port."""
import errno, json, socket, sys

SHARING = {"plain": [], "reuseAddress": [socket.SO_REUSEADDR], "reusePort": [socket.SO_REUSEPORT, socket.SO_REUSEADDR]}


def outcome(address, port, options):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        for option in options:
            s.setsockopt(socket.SOL_SOCKET, option, 1)
        s.bind((address, port))
        s.listen()
        return "ok"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    finally:
        s.close()


print(json.dumps({f"{address} {port} {name}": outcome(address, port, options)
                  for address in ("127.0.0.1", "0.0.0.0")
                  for port in json.loads(sys.argv[1])
                  for name, options in SHARING.items()}))

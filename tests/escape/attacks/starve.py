"""Opens as many connections as asked to each place and keeps them; prints how many stay open.

Says one byte on each, or, with a source port, nothing: then each comes from that port of a loopback address of its own.
"""
import json, resource, select, socket, sys, time

count = int(sys.argv[2])
source_port = int(sys.argv[3]) if len(sys.argv) > 3 else None
resource.setrlimit(resource.RLIMIT_NOFILE, (min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 65536),) * 2)
held = []
for second, (address, port) in enumerate(json.loads(sys.argv[1]), start=1):
    for n in range(count):
        source = None if source_port is None else (f"127.{second}.{n // 250}.{n % 250 + 1}", source_port)
        s = socket.create_connection((address, port), 5, source)
        try:
            if source is None:
                s.sendall(b"G")
        except OSError:
            continue
        held.append(s)
time.sleep(1)
poll = select.poll()
for s in held:
    poll.register(s, select.POLLIN | select.POLLHUP)
closed = len(poll.poll(0))
print(json.dumps({"opened": len(held), "open": len(held) - closed}), flush=True)
while True:
    time.sleep(60)

"""Looks for a text wherever this user can look: environments, arguments, memory and open files of processes, all files."""
import json, os, sys

# The text comes in two halves, so that looking for it does not put it where it is looked for.
wanted = (sys.argv[1] + sys.argv[2]).encode()
found, looked = [], 0


def look(path, limit=64 * 1024 * 1024):
    global looked
    try:
        with open(path, "rb") as file:
            looked += 1
            if wanted in file.read(limit):
                found.append(path)
    except OSError:
        pass


def look_in_memory(pid):
    try:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                start, end = (int(part, 16) for part in line.split()[0].split("-"))
                try:
                    memory.seek(start)
                    if wanted in memory.read(min(end - start, 64 * 1024 * 1024)):
                        found.append(f"/proc/{pid}/mem")
                        return
                except (OSError, ValueError, OverflowError):
                    continue
    except OSError:
        pass


processes = [int(name) for name in os.listdir("/proc") if name.isdigit()]
for pid in processes:
    for name in ("environ", "cmdline"):
        look(f"/proc/{pid}/{name}")
    # This one knows what it looks for.
    if pid != os.getpid():
        look_in_memory(pid)
for top, folders, names in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(top, name) not in ("/proc", "/sys")]
    for name in names:
        path = os.path.join(top, name)
        if os.path.isfile(path) and not os.path.islink(path):
            look(path)
print(json.dumps({"found": found, "files": looked, "processes": len(processes)}))

"""Makes every system call with arguments that no call accepts, each in a child; prints number → what came of it."""
import ctypes, errno, json, os, select, signal

libc = ctypes.CDLL(None, use_errno=True)
LAST = 470
BAD = [ctypes.c_long(-1)] * 6


def outcome(number):
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        result = libc.syscall(ctypes.c_long(number), *BAD)
        code = ctypes.get_errno()
        os.write(write_end, (errno.errorcode.get(code, str(code)) if result == -1 else "ok").encode())
        os._exit(0)
    os.close(write_end)
    ready, _, _ = select.select([read_end], [], [], 0.3)
    said = os.read(read_end, 64).decode() if ready else ""
    os.close(read_end)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return said or "no answer"


print(json.dumps({number: outcome(number) for number in range(LAST)}))

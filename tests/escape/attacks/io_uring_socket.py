"""Opens an AF_VSOCK socket as an operation of io_uring, which no filter on socket() sees; prints what came of it."""
import ctypes, errno, json, mmap, os, struct

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
SETUP, ENTER, OP_SOCKET, AF_VSOCK, GETEVENTS = 425, 426, 45, 40, 1
RING_SQ, RING_SQES = 0, 0x10000000


def failed(step):
    number = ctypes.get_errno()
    print(json.dumps({"step": step, "result": errno.errorcode.get(number, str(number))}))
    raise SystemExit(0)


def mapped(ring, size, offset):
    return libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, ring, offset)


parameters = ctypes.create_string_buffer(120)
ring = libc.syscall(ctypes.c_long(SETUP), ctypes.c_long(4), parameters)
if ring < 0:
    failed("io_uring_setup")
entries = struct.unpack_from("<I", parameters, 0)[0]
sq_head, sq_tail, sq_mask, _, _, _, sq_array = struct.unpack_from("<7I", parameters, 40)
cq_head, cq_tail, cq_mask, _, _, cqes = struct.unpack_from("<6I", parameters, 80)
queues = mapped(ring, 4096, RING_SQ)
requests = mapped(ring, 4096, RING_SQES)
word = lambda base, offset: ctypes.c_uint32.from_address(base + offset)

request = struct.pack("<BBHiQQIIQHHiQQ", OP_SOCKET, 0, 0, AF_VSOCK, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0)
ctypes.memmove(requests, request, len(request))
word(queues, sq_array).value = 0
word(queues, sq_tail).value += 1
if libc.syscall(ctypes.c_long(ENTER), ctypes.c_long(ring), 1, 1, GETEVENTS, None, 0) < 0:
    failed("io_uring_enter")
result = ctypes.c_int32.from_address(queues + cqes + 8).value
print(json.dumps({"step": "socket", "result": "ok" if result >= 0 else errno.errorcode.get(-result, str(result))}))

#!/usr/bin/env python3
"""llama.cpp's mul_mat beside hiss's product, one operation at a time.

    ggml_mul_mat.py --spike build/tests/bench/spike [--types Q8_0,Q4_1,...] [--shapes 3072x768,...] [--level avx512]

ggml's libraries come from the Python package llama-cpp-python (built for this CPU). A graph holds many products, so that
starting it costs nothing; cold graphs use as many weights as overflow the last-level cache. Weights are tried as they lie
in the file and as llama.cpp repacks them; the better one is shown. Runs of both programs alternate; the best of many
short samples of each is shown, since a machine is seldom idle; for one thread, of the time that the thread itself had.
"""
import argparse
import ctypes as C
import os
import subprocess
import sys
import time

import llama_cpp
import numpy as np

TYPES = {"F32": (0, 1, 4), "F16": (1, 1, 2), "BF16": (30, 1, 2), "Q4_0": (2, 32, 18), "Q4_1": (3, 32, 20), "Q5_0": (6, 32, 22),
         "Q5_1": (7, 32, 24), "Q8_0": (8, 32, 34), "Q4_K": (12, 256, 144), "Q6_K": (14, 256, 210)}
COLD_BYTES = 192e6
LIB = os.path.join(os.path.dirname(llama_cpp.__file__), "lib")
base = C.CDLL(os.path.join(LIB, "libggml-base.so"), mode=C.RTLD_GLOBAL)
cpu = C.CDLL(os.path.join(LIB, "libggml-cpu.so"), mode=C.RTLD_GLOBAL)


def fn(lib, name, res, *args):
    f = getattr(lib, name)
    f.restype, f.argtypes = res, args
    return f


class InitParams(C.Structure):
    _fields_ = [("mem_size", C.c_size_t), ("mem_buffer", C.c_void_p), ("no_alloc", C.c_bool)]


class PoolParams(C.Structure):
    _fields_ = [("cpumask", C.c_bool * 512), ("n_threads", C.c_int), ("prio", C.c_int), ("poll", C.c_uint32),
                ("strict_cpu", C.c_bool), ("paused", C.c_bool)]


P = C.c_void_p
ggml_init = fn(base, "ggml_init", P, InitParams)
ggml_free = fn(base, "ggml_free", None, P)
new_2d = fn(base, "ggml_new_tensor_2d", P, P, C.c_int, C.c_int64, C.c_int64)
mul_mat = fn(base, "ggml_mul_mat", P, P, P, P)
new_graph = fn(base, "ggml_new_graph_custom", P, P, C.c_size_t, C.c_bool)
expand = fn(base, "ggml_build_forward_expand", None, P, P)
alloc_in = fn(base, "ggml_backend_alloc_ctx_tensors_from_buft", P, P, P)
buffer_free = fn(base, "ggml_backend_buffer_free", None, P)
tensor_set = fn(base, "ggml_backend_tensor_set", None, P, P, C.c_size_t, C.c_size_t)
compute = fn(base, "ggml_backend_graph_compute", C.c_int, P, P)
plain_type = fn(base, "ggml_backend_cpu_buffer_type", P)
quantize = fn(base, "ggml_quantize_chunk", C.c_size_t, C.c_int, P, P, C.c_int64, C.c_int64, C.c_int64, P)
cpu_init = fn(cpu, "ggml_backend_cpu_init", P)
set_threads = fn(cpu, "ggml_backend_cpu_set_n_threads", None, P, C.c_int)
set_pool = fn(cpu, "ggml_backend_cpu_set_threadpool", None, P, P)
pool_params = fn(base, "ggml_threadpool_params_default", PoolParams, C.c_int)
pool_new = fn(cpu, "ggml_threadpool_new", P, C.POINTER(PoolParams))
try:
    repack_type = fn(cpu, "_Z35ggml_backend_cpu_repack_buffer_typev", P)
except AttributeError:
    repack_type = None


def backend(threads):
    b = cpu_init()
    set_threads(b, threads)
    params = pool_params(threads)
    set_pool(b, pool_new(C.byref(params)))
    return b


class Products:
    """A graph of products y = W x over one or many copies of W."""

    def __init__(self, be, buft, type_name, rows, cols, tokens, cold):
        type_id, block, size = TYPES[type_name]
        file_bytes = rows * cols // block * size
        copies = int(COLD_BYTES / file_bytes) + 1 if cold else 1
        ops = max(copies, 32 if tokens == 1 else 1)
        self.be, self.n = be, ops
        ctx = lambda no_alloc: ggml_init(InitParams(4 << 20, None, no_alloc))
        self.wctx, self.xctx = ctx(True), ctx(True)
        ws = [new_2d(self.wctx, type_id, cols, rows) for _ in range(copies)]
        self.wbuf = alloc_in(self.wctx, buft)
        x = new_2d(self.xctx, 0, cols, tokens)
        ys = [mul_mat(self.xctx, ws[i % copies], x) for i in range(ops)]
        self.graph = new_graph(self.xctx, ops + 8, False)
        for y in ys:
            expand(self.graph, y)
        self.xbuf = alloc_in(self.xctx, plain_type())
        rng = np.random.default_rng(1)
        xs = rng.uniform(-1, 1, (tokens, cols)).astype(np.float32)
        tensor_set(x, xs.ctypes.data, 0, xs.nbytes)
        w = rng.normal(0, 0.05, (rows, cols)).astype(np.float32)
        q = np.zeros(file_bytes, np.uint8)
        if type_name == "BF16":
            q[:] = (w.view(np.uint32) >> 16).astype(np.uint16).ravel().view(np.uint8)
        elif type_name == "F32":
            q[:] = w.ravel().view(np.uint8)
        else:
            quantize(type_id, w.ctypes.data, q.ctypes.data, 0, rows, cols, None)
        for t in ws:
            tensor_set(t, q.ctypes.data, 0, q.nbytes)

    def seconds(self, now):
        """The best of the samples of 0.4 seconds."""
        best, begin = 1e9, now()
        while now() - begin < 0.4:
            t0 = now()
            assert compute(self.be, self.graph) == 0
            best = min(best, now() - t0)
        return best / self.n

    def close(self):
        buffer_free(self.wbuf)
        buffer_free(self.xbuf)
        ggml_free(self.wctx)
        ggml_free(self.xctx)


def repackable(type_name):
    """The types that this llama.cpp repacks on x86-64; its buffer type crashes on others."""
    return repack_type and type_name in ("Q4_0", "Q4_K")


def ours(args, type_name, rows, cols, tokens, threads, cold):
    out = subprocess.run([args.spike, type_name, str(rows), str(cols), str(tokens), str(threads), "cold" if cold else "hot",
                          args.level], capture_output=True, text=True, check=True).stdout
    return float(out.split("best ")[1].split()[0]) * 1e-6


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--spike", required=True)
    ap.add_argument("--level", default="avx512")
    ap.add_argument("--types", default="Q8_0,Q4_1,Q4_K,F16")
    ap.add_argument("--shapes", default="3072x768,768x1536", help="rows x columns")
    ap.add_argument("--tokens", default="1,512")
    ap.add_argument("--threads", default="1,2")
    ap.add_argument("--caches", default="cold,hot", help="of single-token products; more tokens run hot")
    ap.add_argument("--rounds", type=int, default=3)
    args = ap.parse_args()
    print("| type | rows x cols | tokens | threads | weights | llama.cpp us | hiss us | llama.cpp | hiss | times |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for type_name in args.types.split(","):
        for shape in args.shapes.split(","):
            rows, cols = map(int, shape.split("x"))
            for tokens in map(int, args.tokens.split(",")):
                for threads in map(int, args.threads.split(",")):
                    for cache in args.caches.split(",") if tokens == 1 else ["hot"]:
                        row(args, type_name, rows, cols, tokens, threads, cache == "cold")


backends = {}


def row(args, type_name, rows, cols, tokens, threads, cold):
    if threads not in backends:
        backends[threads] = backend(threads)
    be = backends[threads]
    kinds = [("plain", plain_type())] + ([("repacked", repack_type())] if repackable(type_name) else [])
    times, mine = {name: [] for name, _ in kinds}, []
    for _ in range(args.rounds):
        for name, buft in kinds:
            p = Products(be, buft, type_name, rows, cols, tokens, cold)
            times[name].append(p.seconds(time.perf_counter if threads > 1 else time.thread_time))
            p.close()
        mine.append(ours(args, type_name, rows, cols, tokens, threads, cold))
    name, t = min(((n, min(v)) for n, v in times.items()), key=lambda nt: nt[1])
    m = min(mine)
    _, block, size = TYPES[type_name]
    if tokens == 1:
        unit, amount = "GB/s", rows * cols / block * size / 1e9
    else:
        unit, amount = "Gop/s", 2 * rows * cols * tokens / 1e9
    print(f"| {type_name} | {rows} x {cols} | {tokens} | {threads} | {'cold' if cold else 'hot'} | {t * 1e6:.1f} ({name}) | "
          f"{m * 1e6:.1f} | {amount / t:.1f} {unit} | {amount / m:.1f} {unit} | {t / m:.2f} |")
    sys.stdout.flush()


main()

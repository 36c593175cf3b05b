"""The mixer and the vocabulary's KL on kernels.cpp: matrix products by torch (oneDNN: AVX512_BF16 or AMX), all between by
fused AVX-512 loops. `available()` says whether this CPU has what it takes; else mixer.py's plain torch is used.
"""
import ctypes
import glob
import os
import subprocess

import torch
import torch.nn.functional as F

from mixer import D_INNER, HEADS, P

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get('RECIPE_BUILD', os.path.expanduser('~/.cache/hiss-recipe'))
NEEDED = ('avx512f', 'avx512bw', 'avx512vl', 'avx512dq', 'avx512_bf16')
_library = None


def cpu_flags():
    try:
        with open('/proc/cpuinfo') as f:
            return set(next(line for line in f if line.startswith('flags')).split())
    except (OSError, StopIteration):
        return set()


def available():
    return all(flag in cpu_flags() for flag in NEEDED)


def library():
    """kernels.cpp compiled and loaded. It takes torch's own OpenMP: a second runtime would fight for the cores."""
    global _library
    if _library is None:
        source, shared = os.path.join(HERE, 'kernels.cpp'), os.path.join(BUILD, 'kernels.so')
        if not os.path.exists(shared) or os.path.getmtime(shared) < os.path.getmtime(source):
            os.makedirs(BUILD, exist_ok=True)
            obj = shared[:-2] + 'o'
            subprocess.check_call([os.environ.get('CXX', 'g++'), '-O3', '-march=native', '-fopenmp', '-fPIC', '-c', source, '-o', obj])
            subprocess.check_call([os.environ.get('CXX', 'g++'), '-shared', obj, '-o', shared])
        for runtime in glob.glob(os.path.join(os.path.dirname(torch.__file__), 'lib', 'libgomp*')):
            ctypes.CDLL(runtime, ctypes.RTLD_GLOBAL)
        _library = ctypes.CDLL(shared)
    return _library


def call(name, *args):
    """Tensors go as pointers, integers as int64."""
    raw = []
    for a in args:
        if isinstance(a, torch.Tensor):
            if not a.is_contiguous():
                raise ValueError(f'{name}: a tensor of shape {tuple(a.shape)} is not contiguous')
            raw.append(ctypes.c_void_p(a.data_ptr()))
        else:
            raw.append(ctypes.c_int64(a))
    getattr(library(), name)(*raw)


def half(*shape):
    return torch.empty(*shape, dtype=torch.bfloat16)


class Core(torch.autograd.Function):
    """zx [B, T, 4608] bf16, dt [B, T, 9] f32 after softplus, A [9] negative -> normed channels [B, T, 1152] bf16."""

    @staticmethod
    def forward(ctx, zx, dt, A, conv_w, conv_b, D, norm, l):
        B, T, _ = zx.shape
        c, R = T // l, B * (T // l) * HEADS
        xbc = half(3, R, l, P)
        call('conv_forward', zx, conv_w, conv_b, xbc, B, T, l)
        x, b, cc = xbc
        dt = dt.view(B, c, l, HEADS).transpose(2, 3).contiguous()
        cum = (dt * A[:, None]).cumsum(-1)
        ecum = cum.exp()
        g, m, state = torch.bmm(cc, b.transpose(1, 2)), half(R, l, l), None
        call('decay_forward', g, cum, dt, m, R, l)
        y = torch.bmm(m, x)
        if c > 1:
            scaled, state = half(R, l, P), half(R, P, P)
            call('scale_rows', x, ((cum[..., -1:] - cum).exp() * dt), scaled, R * l)
            call('states_forward', torch.bmm(b.transpose(1, 2), scaled), ecum[..., -1].contiguous(), state, B, c)
            across = torch.bmm(cc, state)
        else:
            across = torch.zeros_like(y)
        out = half(B, T, D_INNER)
        call('gate_forward', y, across, ecum, x, zx, D, norm, out, B, T, l)
        ctx.save_for_backward(zx, A, conv_w, conv_b, D, norm, xbc, dt, cum, g, y, across, state)
        ctx.l = l
        return out

    @staticmethod
    def backward(ctx, dout):
        zx, A, conv_w, conv_b, D, norm, xbc, dt, cum, g, y, across, state = ctx.saved_tensors
        l, (B, T, _) = ctx.l, zx.shape
        c, R = T // l, B * (T // l) * HEADS
        x, b, cc = xbc
        dout, ecum = dout.contiguous(), cum.exp()
        rows = lambda: torch.empty(B, c, HEADS, l)
        dy, dacross, dzx = half(R, l, P), half(R, l, P), torch.empty_like(zx)
        dcum_across, dnorm, dD = rows(), torch.empty(D_INNER), torch.empty(HEADS)
        call('gate_backward', y, across, ecum, x, zx, D, norm, dout, dy, dacross, dzx, dcum_across, dnorm, dD, B, T, l)
        # inside the chunk: y = m x with m = (C B^T) * decay * dt
        dxbc, m, dm = half(3, R, l, P), g.clone(), torch.bmm(dy, x.transpose(1, 2))
        row_sum, col_sum = rows(), rows()
        call('decay_backward', m, dm, cum, dt, row_sum, col_sum, R, l)
        dx_inside = torch.bmm(m.transpose(1, 2), dy)
        torch.bmm(dm, b, out=dxbc[2])
        torch.bmm(dm.transpose(1, 2), cc, out=dxbc[1])
        dcum, ddt = row_sum - col_sum + dcum_across, col_sum / dt
        # across chunks: y += exp(cum) C S
        w = (cum[..., -1:] - cum).exp() * dt
        dx_state, dlast = torch.zeros_like(dx_inside), torch.zeros(B, c, HEADS)
        if c > 1:
            scaled, down = half(R, l, P), half(R, P, P)
            call('scale_rows', x, w, scaled, R * l)
            dxbc[2].baddbmm_(dacross, state.transpose(1, 2))
            call('states_backward', torch.bmm(cc.transpose(1, 2), dacross), state, ecum[..., -1].contiguous(), down, dlast, B, c)
            dxbc[1].baddbmm_(scaled, down.transpose(1, 2))
            dx_state = torch.bmm(b, down)
        dw = rows()
        call('join_dx', x, dx_inside, dx_state, w, dy, D, dxbc[0], dw, R * l, l)
        dcum, ddt = dcum - dw, ddt + dw / dt
        dcum[..., -1] += dlast + dw.sum(-1)
        da = dcum.flip(-1).cumsum(-1).flip(-1)                       # gradient of dt*A
        ddt, dA = ddt + da * A[:, None], (da * dt).sum((0, 1, 3))
        dconv_w, dconv_b = torch.empty_like(conv_w), torch.empty_like(conv_b)
        call('conv_backward', zx, conv_w, conv_b, dxbc, dzx, dconv_w, dconv_b, B, T, l)
        return dzx, ddt.transpose(2, 3).reshape(B, T, HEADS), dA, dconv_w, dconv_b, dD, dnorm, None


def normed(m, u):
    """mixer.Mixer.normed on the kernels: u [B, T, 576] bf16, T a multiple of the chunk (or shorter than one)."""
    zx = F.linear(u, m.win.to(u.dtype))
    return Core.apply(zx, m.dt(u), -torch.exp(m.A_log), m.conv_w, m.conv_b, m.D, m.norm, min(m.chunk, u.shape[1]))


def kl_rows(s, t, weight):
    """vocabulary.kl_rows on the kernels, for bf16; s becomes the gradient."""
    kl = torch.empty(len(s))
    call('kl_rows', s, t, weight, kl, *s.shape)
    return kl, s

"""The student's Mamba-2 mixer in plain torch, exactly as ggml computes it (granitehybrid: nine heads of 128 channels,
one group of B and C a head, RMSNorm per group after the gate).

This file states the mathematics; fast.py does the same with kernels.cpp where the CPU allows it. A batch of rows
starts from an empty state. Parameters are f32; activations have the type of the input.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

D_MODEL = 576
HEADS, P, N = 9, 128, 128           # heads, channels a head, states a channel
D_INNER = HEADS * P                 # 1152 = 2 * D_MODEL, as llama.cpp's loader demands
CONV = 3 * D_INNER                  # x, B and C pass the convolution
TAPS = 4
CHUNK = 128                         # tokens that the scan takes at once
EPS = 1e-5


class Mixer(nn.Module):
    """Names and layouts follow GGUF, except: ssm_in's 4617 rows are win (z | x | B | C) and wdt (dt);
    conv_w is [4, 3456], oldest tap first; A_log with ssm_a = -exp(A_log)."""

    def __init__(self, chunk=CHUNK):
        super().__init__()
        zeros = lambda *shape: nn.Parameter(torch.zeros(*shape))
        self.chunk = chunk
        self.win = nn.Parameter(torch.randn(4 * D_INNER, D_MODEL) * .02)
        self.wdt, self.dt_bias = zeros(HEADS, D_MODEL), nn.Parameter(torch.full((HEADS,), -2.252))   # softplus: 0.1
        self.conv_w, self.conv_b = zeros(TAPS, CONV), zeros(CONV)
        self.conv_w.data[-1] = 1
        self.A_log, self.D = zeros(HEADS), zeros(HEADS)
        self.norm = nn.Parameter(torch.ones(D_INNER))
        self.wout = nn.Parameter(torch.randn(D_MODEL, D_INNER) * .02)

    def dt(self, u):
        """Step sizes [B, T, 9], f32."""
        return F.softplus(F.linear(u.to(self.wdt.dtype), self.wdt) + self.dt_bias)

    def split(self, u):
        """u [B, T, 576] -> z [B, T, 1152] and, after convolution and SiLU, x, B, C [B, T, 9, 128]."""
        b, t, _ = u.shape
        zxbc = F.linear(u, self.win.to(u.dtype))
        z, xbc = zxbc[..., :D_INNER], zxbc[..., D_INNER:]
        padded = F.pad(xbc, (0, 0, TAPS - 1, 0))
        conv = self.conv_b + sum(padded[:, i:i + t] * self.conv_w[i] for i in range(TAPS))
        x, B, C = (v.view(b, t, HEADS, P) for v in F.silu(conv).to(u.dtype).split(D_INNER, -1))
        return z, x, B, C

    def gate(self, y, z):
        """y [B, T, 9, 128] f32, z -> normed channels [B, T, 1152], f32."""
        g = y * F.silu(z.to(y.dtype)).view(y.shape)
        g = g * torch.rsqrt(g.pow(2).mean(-1, keepdim=True) + EPS)
        return g.flatten(-2) * self.norm

    def normed(self, u):
        """Everything before ssm_out: [B, T, 1152]."""
        z, x, B, C = self.split(u)
        dt = self.dt(u)
        y = scan((x * dt[..., None]).to(x.dtype), B, C, dt * -torch.exp(self.A_log), min(self.chunk, u.shape[1]))
        y = y.to(self.D.dtype) + self.D[:, None] * x
        return self.gate(y, z).to(u.dtype)

    def forward(self, u):
        return F.linear(self.normed(u), self.wout.to(u.dtype))

    @torch.no_grad()
    def recurrent(self, u):
        """The definition: token by token. Slow; check.py holds the chunked form against it."""
        z, x, B, C = self.split(u)
        dt, A = self.dt(u), -torch.exp(self.A_log)
        S, ys = u.new_zeros(u.shape[0], HEADS, P, N), []
        for t in range(u.shape[1]):
            S = torch.exp(dt[:, t] * A)[..., None, None] * S + (dt[:, t, :, None] * x[:, t])[..., None] * B[:, t, :, None]
            ys.append((S * C[:, t, :, None]).sum(-1) + self.D[:, None] * x[:, t])
        return F.linear(self.gate(torch.stack(ys, 1), z), self.wout)


def scan(x, B, C, a, chunk):
    """Chunked SSD (Mamba-2, arXiv 2405.21060, section 6): x times dt, B, C [b, t, h, *]; a = dt*A [b, t, h] f32 -> y."""
    b, t, h, p = x.shape
    c, n = t // chunk, B.shape[-1]
    xs, bs, cs = (v.view(b, c, chunk, h, -1).transpose(2, 3) for v in (x, B, C))         # [b, c, h, l, *]
    cum = a.view(b, c, chunk, h).transpose(2, 3).cumsum(-1)                               # [b, c, h, l]
    causal = torch.ones(chunk, chunk, dtype=torch.bool, device=x.device).tril()
    decay = torch.exp((cum[..., :, None] - cum[..., None, :]).masked_fill(~causal, -torch.inf))
    y = ((cs @ bs.transpose(-1, -2)) * decay).to(x.dtype) @ xs
    if c > 1:
        total = cum[..., -1]                                                              # [b, c, h]
        own = bs.transpose(-1, -2) @ (xs * torch.exp(total[..., None] - cum)[..., None]).to(x.dtype)
        after = total.transpose(1, 2).cumsum(-1)                                          # [b, h, c]
        before = F.pad(after, (1, 0))[..., :-1]
        earlier = torch.ones(c, c, dtype=torch.bool, device=x.device).tril(-1)
        w = torch.exp((before[..., :, None] - after[..., None, :]).masked_fill(~earlier, -torch.inf))
        state = (w.to(own.dtype) @ own.transpose(1, 2).reshape(b, h, c, n * p)).view(b, h, c, n, p).transpose(1, 2)
        y = y + (cs @ state) * torch.exp(cum)[..., None].to(x.dtype)
    return y.transpose(2, 3).reshape(b, t, h, p)

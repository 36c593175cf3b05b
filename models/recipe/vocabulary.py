"""KL(teacher || student) over the whole vocabulary, from hidden states. Logits exist only some rows at a time, and the
gradient is made with them: for 49,152 tokens they would be the largest thing in memory.
"""
import torch


def kl_rows(s, t, weight):
    """Logits [n, V] of student and teacher, token weights [n] -> (KL of each token, its weighted gradient to s)."""
    ls, lt = s.float().log_softmax(-1), t.float().log_softmax(-1)
    p = lt.exp()
    return (p * (lt - ls)).sum(-1), ((ls.exp() - p) * weight[:, None]).to(s.dtype)


class VocabularyKL(torch.autograd.Function):
    """Hidden states [n, 576] of student and teacher, embedding [V, 576], token weights [n]
    -> (sum of weight * KL(teacher || student), KL of each token). `pieces` is kl_rows or something faster; gradient to the
    student's hidden states only."""

    @staticmethod
    def forward(ctx, student, teacher, embedding, weight, rows, pieces):
        e = embedding.to(student.dtype)
        grad, kl = torch.empty_like(student), torch.empty(len(student), device=student.device)
        for i in range(0, len(student), rows):
            part = slice(i, i + rows)
            kl[part], s = pieces(student[part] @ e.t(), teacher[part] @ e.t(), weight[part])
            if ctx.needs_input_grad[0]:
                torch.mm(s, e, out=grad[part])
        ctx.save_for_backward(grad)
        ctx.mark_non_differentiable(kl)
        return (kl * weight).sum(), kl

    @staticmethod
    def backward(ctx, scale, _):
        grad, = ctx.saved_tensors
        return (grad * scale).to(grad.dtype), None, None, None, None, None

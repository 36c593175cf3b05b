"""Stage `export`: the student as granitehybrid GGUF in three parts.

  -00001-of-00003  metadata only (tokenizer, template, shapes)
  -00002-of-00003  embedding and MLPs: the teacher's own bytes, the same for every student
  -00003-of-00003  mixers, kept attention layers, norms

A layer is recurrent where head_count_kv is 0. Multipliers of Granite are left out: then the block is llama's. Kept
attention matrices are copied from the teacher's file byte for byte where they were not trained (Granite's rope is the interleaved one too). With no
attention layer kept, a null layer (all zero: the residual passes) is added, because llama.cpp will not start without one.
"""
import argparse
import hashlib
import os
import subprocess

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from gguf.quants import quantize

import checkpoint
import places
from mixer import CONV, D_INNER, HEADS, N, P, TAPS
from teacher import HEAD_DIM, HISS_SYSTEM, KV_HEADS, LAYERS, Q_HEADS, SYSTEM, permute

ARCH, PARTS = 'granitehybrid', 3
LARGEST_PART = 95_000_000
FILE_TYPE_MOSTLY = {'Q4_0': 2, 'Q4_1': 3, 'Q8_0': 7, 'Q5_0': 8, 'Q5_1': 9, 'F32': 0, 'F16': 1}
NULL_HEAD_DIM = 32


def value_of(field):
    return field.contents()


def copy_tokenizer(writer, fields):
    """Everything under tokenizer.*, as the teacher has it, but for the name in the template's own system text."""
    for key, field in fields.items():
        if not key.startswith('tokenizer.'):
            continue
        value = value_of(field)
        if key == 'tokenizer.chat_template':
            if SYSTEM not in value:
                raise SystemExit('export: the teacher\'s chat template has no default system text to replace')
            value = value.replace(SYSTEM, HISS_SYSTEM)
        writer.add_key_value(key, value, field.types[0], field.types[-1] if len(field.types) > 1 else None)


def describe(writer, fields, recurrent, args, weights_hash):
    teacher = lambda key: value_of(fields['llama.' + key])
    key = lambda name: f'{ARCH}.{name}'
    kept = [l for l in range(LAYERS) if l not in recurrent]
    writer.add_string('general.type', 'model')
    writer.add_string('general.name', args.title)
    writer.add_string('general.basename', args.name)
    writer.add_string('general.license', 'apache-2.0')
    writer.add_string('general.description', args.description)
    writer.add_uint32('general.file_type', FILE_TYPE_MOSTLY[args.type])
    writer.add_uint32('general.quantization_version', 2)
    if weights_hash:
        writer.add_string('hiss.weights.hash', weights_hash)
    blocks = LAYERS + (not kept)
    writer.add_uint32(key('block_count'), blocks)
    for name in ('context_length', 'embedding_length', 'feed_forward_length', 'vocab_size'):
        writer.add_uint32(key(name), teacher(name))
    writer.add_uint32(key('attention.head_count'), Q_HEADS if kept else 1)
    writer.add_array(key('attention.head_count_kv'), [0 if l in recurrent else KV_HEADS for l in range(LAYERS)] + [1] * (not kept))
    head = HEAD_DIM if kept else NULL_HEAD_DIM
    writer.add_uint32(key('attention.key_length'), head)
    writer.add_uint32(key('attention.value_length'), head)
    writer.add_float32(key('attention.layer_norm_rms_epsilon'), teacher('attention.layer_norm_rms_epsilon'))
    writer.add_bool(key('rope.scaling.finetuned'), bool(kept))
    writer.add_float32(key('rope.freq_base'), teacher('rope.freq_base'))
    writer.add_uint32(key('rope.dimension_count'), head)
    for name, value in (('conv_kernel', TAPS), ('inner_size', D_INNER), ('state_size', N), ('time_step_rank', HEADS), ('group_count', HEADS)):
        writer.add_uint32(key('ssm.' + name), value)
    copy_tokenizer(writer, fields)


def add_quantised(writer, name, w, kind):
    """w [rows, columns] f32"""
    w = np.ascontiguousarray(w, dtype=np.float32)
    if kind == 'F32':
        writer.add_tensor(name, w)
    else:
        q = GGMLQuantizationType[kind]
        writer.add_tensor(name, quantize(w, q), raw_dtype=q)


def add_matrix(writer, name, w, kind, packed):
    """packed: (type, bytes) that `quantise` made of w, or None: rounded here to the nearest."""
    if packed:
        writer.add_tensor(name, packed[1].numpy(), raw_dtype=GGMLQuantizationType[packed[0]])
    else:
        add_quantised(writer, name, w, kind)


def add_mixer(writer, layer, m, kind_in, kind_out, packed=None):
    """m: a Mixer's state_dict; packed: what `quantise` left for this layer"""
    ready = {part: (kind, packed[part]) for part, kind in zip(('in', 'out'), packed['types'])} if packed else {}
    f = lambda name: m[name].float().numpy()
    name = lambda suffix: f'blk.{layer}.{suffix}'
    add_matrix(writer, name('ssm_in.weight'), np.concatenate([f('win'), f('wdt')]), kind_in, ready.get('in'))
    writer.add_tensor(name('ssm_conv1d.weight'), np.ascontiguousarray(f('conv_w').T))       # [3456, 4], newest tap last
    writer.add_tensor(name('ssm_conv1d.bias'), f('conv_b'))
    writer.add_tensor(name('ssm_dt.bias'), f('dt_bias'))
    writer.add_tensor(name('ssm_a'), -np.exp(f('A_log')).reshape(HEADS, 1))
    writer.add_tensor(name('ssm_d'), f('D').reshape(HEADS, 1))
    writer.add_tensor(name('ssm_norm.weight'), f('norm').reshape(HEADS, P))
    add_matrix(writer, name('ssm_out.weight'), f('wout'), kind_out, ready.get('out'))


def add_attention(writer, layer, attention, kind):
    """attention: the state_dict of one that was trained; its norm is the teacher's."""
    q, k, v = attention['wqkv'].float().split([heads * HEAD_DIM for heads in (Q_HEADS, KV_HEADS, KV_HEADS)])
    for name, w in (('q', permute(q, Q_HEADS)), ('k', permute(k, KV_HEADS)), ('v', v), ('output', attention['wo'].float())):
        add_quantised(writer, f'blk.{layer}.attn_{name}.weight', w.numpy(), kind)


def add_null_layer(writer, d_model, d_ff):
    name = lambda suffix: f'blk.{LAYERS}.{suffix}.weight'
    for suffix, shape in (('attn_q', (NULL_HEAD_DIM, d_model)), ('attn_k', (NULL_HEAD_DIM, d_model)), ('attn_v', (NULL_HEAD_DIM, d_model)),
                          ('attn_output', (d_model, NULL_HEAD_DIM)), ('ffn_gate', (d_ff, d_model)), ('ffn_up', (d_ff, d_model)),
                          ('ffn_down', (d_model, d_ff))):
        add_quantised(writer, name(suffix), np.zeros(shape), 'Q4_0')
    for suffix in ('attn_norm', 'ffn_norm'):
        writer.add_tensor(name(suffix), np.ones(d_model, dtype=np.float32))


def copy(writer, t):
    raw = None if t.tensor_type == GGMLQuantizationType.F32 else t.tensor_type
    writer.add_tensor(t.name, t.data, raw_dtype=raw)


def finish(writer, part, count):
    """count: tensors in all parts"""
    writer.add_uint16('split.no', part)
    writer.add_uint16('split.count', PARTS)
    writer.add_int32('split.tensors.count', count)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def export(args):
    checkpointed = checkpoint.load(args.mixers)
    saved, packed = checkpointed['mixers'], checkpointed.get('packed', {})
    replaced = [int(x) for x in args.layers.split(',')] if args.layers else sorted(saved)
    recurrent = [l for l in replaced if not checkpoint.is_attention(saved[l])]
    reader = GGUFReader(places.teacher())
    path = lambda i: os.path.join(args.out, f'{args.name}-{i + 1:05d}-of-{PARTS:05d}.gguf')
    os.makedirs(args.out, exist_ok=True)
    writers = [GGUFWriter(path(i), ARCH) for i in range(PARTS)]
    describe(writers[0], reader.fields, recurrent, args, None)
    for t in reader.tensors:
        part = t.name.split('.')[2] if t.name.startswith('blk.') else ''
        layer = int(t.name.split('.')[1]) if part else -1
        if t.name == 'token_embd.weight' or part in ('ffn_gate', 'ffn_up', 'ffn_down'):
            copy(writers[1], t)
        elif not (part.startswith('attn_') and part != 'attn_norm' and layer in replaced):
            copy(writers[2], t)
    for layer in replaced:
        if layer in recurrent:
            add_mixer(writers[2], layer, saved[layer], args.type, args.type_out or args.type, packed.get(layer))
        else:
            add_attention(writers[2], layer, saved[layer], args.type)
    if len(recurrent) == LAYERS:
        add_null_layer(writers[2], 576, 1536)
    count = sum(len(w.tensors[0]) for w in writers)
    for i, w in enumerate(writers):
        finish(w, i, count)
    if args.hiss: # seal: the first part again, with the hash that hiss finds over all
        weights_hash = subprocess.run([args.hiss, 'models', 'check', path(0)], check=True, capture_output=True, text=True).stdout.split()[0]
        first = GGUFWriter(path(0), ARCH)
        describe(first, reader.fields, recurrent, args, weights_hash)
        finish(first, 0, count)
        subprocess.run([args.hiss, 'models', 'check', path(0)], check=True)
    with open(os.path.join(args.out, 'SHA256SUMS'), 'w') as sums:
        for i in range(PARTS):
            size = os.path.getsize(path(i))
            if size > LARGEST_PART:
                raise SystemExit(f'{path(i)} has {size} bytes, more than {LARGEST_PART}: choose a smaller --type')
            with open(path(i), 'rb') as f:
                sums.write(f'{hashlib.sha256(f.read()).hexdigest()}  {os.path.basename(path(i))}\n')
            print(f'{os.path.basename(path(i))}: {size / 1e6:.2f} MB')
    print(f'{len(recurrent)} of {LAYERS} layers recurrent, {count} tensors, mixers ' + ('as quantise left them' if packed else args.type))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('mixers', help='a checkpoint')
    p.add_argument('--layers', help='which of its layers to take (default: all it has)')
    p.add_argument('--out', required=True, help='folder')
    p.add_argument('--name', default='hiss-0.2b')
    p.add_argument('--title', default='Hiss 0.2B')
    p.add_argument('--description', default='SmolLM2-135M-Instruct distilled into a hybrid with Mamba-2 mixers')
    p.add_argument('--type', default='Q5_1', choices=FILE_TYPE_MOSTLY)
    p.add_argument('--hiss', help='the program: it hashes the weights, and the file then says what it has to hash to')
    p.add_argument('--type-out', choices=FILE_TYPE_MOSTLY, help='of ssm_out, if another')
    export(p.parse_args())


if __name__ == '__main__':
    main()

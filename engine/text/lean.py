"""Forward passes of our own for the models that matter: Llama types and GPT-2 (T).

A small model's step is mostly small kernels and Python, so one step serves everybody: the tokens of all requests, those
that read and those that write, in whichever voice, go through each layer as one long row. Only attention looks at them
apart: rows that write, by the slab they lie in; prompts, block by block. Scores equal transformers' own, as far as the
order of additions lets them, and a token's scores do not depend on what else is in the step; a model with anything
unusual in its configuration is left to `HubNetwork`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import GPT2LMHeadModel, LlamaForCausalLM

from adapters.files import Pair
from adapters.manifest import BadAdapter
from engine.text.compact import Compact, Place, fits, pack, packed, places
from engine.text.kernels import ADD, GELU, KEEP, SWIGLU, Weights
from engine.text.layout import Layout, Reading, Standing, laid_out
from engine.text.memory import Memory, Pool
from engine.text.network import Part
from engine.text.products import Company, Linear, Product, linear
from engine.text.recorded import Graphs, Recorded
from engine.text.stages import DOWN, HEAD, MIX, OUT, UP, Plan
from engine.text.voices import check_shape, join_pairs


@dataclass(frozen=True, slots=True)
class Norm:
    """LayerNorm where there is a bias, else RMSNorm."""

    weight: Tensor
    bias: Tensor | None
    epsilon: float

    def __call__(self, x: Tensor) -> Tensor:
        """Of each row of x."""
        if self.bias is None:
            return F.rms_norm(x, self.weight.shape, self.weight, self.epsilon)
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.epsilon)


@dataclass(slots=True)
class Block:
    """One layer of the model."""

    norm_in: Norm
    qkv: Product
    out: Product
    norm_mid: Norm
    up: Product
    down: Product

    @property
    def products(self) -> tuple[Product, ...]:
        """All that a voice can change."""
        return self.qkv, self.out, self.up, self.down


class LeanNetwork:
    """What Llama types and GPT-2 share: the order of things, attention, and voices."""

    blocks: list[Block]
    norm_out: Norm
    score: Linear
    embeddings: Tensor
    heads: int
    groups: int
    width: int
    scale: float
    pool: Pool
    company: Company
    compact: Compact | None = None
    recorded: Recorded | None = None
    turned = gated = False
    reads = True  # prompts are read by torch

    def _build(self, head: Tensor, compact: bool) -> None:
        """Call when everything else is there; `compact`: rows write in compiled code, with weights of eight bits."""
        self.company = Company()
        like = self.embeddings.new_empty(0, dtype=torch.bfloat16) if compact else self.embeddings
        self.pool = Pool((len(self.blocks), self.heads // self.groups, self.width), like)
        if compact:
            modes = KEEP, ADD, SWIGLU if self.gated else GELU, ADD
            layers = zip(*(block.products for block in self.blocks), strict=True)
            products = [packed(same, at, mode) for at, (same, mode) in enumerate(zip(layers, modes, strict=True))]
            self.compact = Compact(self._plan([*products, pack([head], [None], HEAD)]), len(head))
        if self.device.type == "cuda":
            self.recorded = Recorded(self._through, self.company, Graphs())
        # Where bfloat16 is fast, prompts are read as they were, else like everything else.
        self.reads = not compact or self.embeddings.dtype != torch.float32
        if self.reads:
            self.score = linear(head)
        for block in self.blocks:
            for product in block.products:
                product.settle(packed=self.reads)

    def _plan(self, products: Sequence[Weights]) -> Plan:
        every = [norm for block in self.blocks for norm in (block.norm_in, block.norm_mid)] + [self.norm_out]
        norms = torch.stack([torch.stack([n.weight, n.weight * 0 if n.bias is None else n.bias]) for n in every])
        return Plan(
            norms.float().numpy(),
            self.norm_out.epsilon,
            self.norm_out.bias is not None,
            self.turned,
            (products[MIX], products[OUT], products[UP], products[DOWN], products[HEAD]),
            self.heads,
            self.heads // self.groups,
            self.width,
        )

    @property
    def device(self) -> torch.device:
        """See `Network`."""
        return self.embeddings.device

    @property
    def bytes_a_token(self) -> int:
        """See `Network`."""
        return 2 * len(self.blocks) * self.heads // self.groups * self.width * self.pool.dtype.itemsize

    def open(self, prompt: Sequence[int], tokens: int, voice: str) -> Memory:
        """See `Network`."""
        return self.pool.open(prompt, tokens, voice)

    def forward(self, parts: Sequence[Part]) -> Tensor:
        """See `Network`. A compiled or recorded step takes who writes, a compiled one who reads too if faster."""
        write = partial(self._compiled, self.compact) if self.compact else self.recorded
        if write is None or (self.reads and all(part.reads for part in parts)):
            return self._forward(parts)
        if not self.reads or not any(part.reads for part in parts):
            return write(parts)
        written = write([part for part in parts if not part.reads])
        read = self._forward([part for part in parts if part.reads])
        scores = []
        for part in parts:
            if part.reads:
                mine, read = read[: part.wanted], read[part.wanted :]
            else:
                mine, written = written[: part.wanted], written[part.wanted :]
            scores.append(mine)
        return torch.cat(scores)

    def _compiled(self, compact: Compact, parts: Sequence[Part]) -> Tensor:
        where, voices, wanted = list[Place](), list[str](), list[int]()
        for part in parts:
            where += places(part)
            voices += [part.voice] * len(part.ids)
            wanted += range(len(where) - part.wanted, len(where))
        ids = torch.tensor([token for part in parts for token in part.ids])
        x, turns = self.enter(ids, torch.tensor([place[-1] for place in where]))
        angles = torch.cat([turn.transpose(0, 1) for turn in turns]) if self.turned else x.new_zeros(2, len(x), 0)
        return compact.step(x, angles, where, voices, wanted)

    def _forward(self, parts: Sequence[Part]) -> Tensor:
        return self._through(laid_out(parts, self.groups, self.company, self.device))

    def _through(self, layout: Layout) -> Tensor:
        x, places = self.enter(layout.ids, layout.at)
        for index, block in enumerate(self.blocks):
            mixed = block.qkv(block.norm_in(x), layout.mix)
            x = x + block.out(self._attend(index, mixed, places, layout), layout.mix)
            x = x + block.down(self.between(block.up(block.norm_mid(x), layout.mix)), layout.mix)
        return self.score(self.norm_out(x[layout.last])).float()

    def load_voice(self, name: str, pairs: Mapping[str, Pair]) -> None:
        """See `Network`."""
        products = [product for block in self.blocks for product in block.products]
        sizes = {n: (p.like.shape[1], size) for p in products for n, size in zip(p.names, p.sizes, strict=True)}
        for layer, pair in pairs.items():
            if layer not in sizes:
                raise BadAdapter(f"this adapter was made for another base: there is no layer {layer} here")
            check_shape(layer, pair, *sizes[layer])
        self.drop_voice(name)
        joined = {
            at: join_pairs([pairs.get(layer) for layer in product.names], product.sizes)
            for at, product in enumerate(products)
            if any(layer in pairs for layer in product.names)
        }
        for at, pair in joined.items() if self.reads else ():
            products[at].load(name, pair)
        if self.compact:
            self.compact.load(name, {(at % HEAD, at // HEAD): pair for at, pair in joined.items()})

    def drop_voice(self, name: str) -> None:
        """See `Network`."""
        self.pool.forget(name)
        self.company.drop(name)
        if self.compact:
            self.compact.drop(name)
        for block in self.blocks:
            for product in block.products:
                product.drop(name)

    def enter(self, ids: Tensor, at: Tensor) -> tuple[Tensor, Any]:
        """What goes into the first layer for ids at these positions, and whatever `turn` needs to know of these."""
        raise NotImplementedError

    def turn(self, x: Tensor, places: Any) -> Tensor:
        """Turn queries and keys, (tokens, heads, width), to their positions."""
        return x

    def between(self, x: Tensor) -> Tensor:
        """The activation of the feed-forward part."""
        raise NotImplementedError

    def _attend(self, index: int, mixed: Tensor, places: Any, layout: Layout) -> Tensor:
        """What every token takes from those before it in its own row; `mixed` is (tokens, queries + keys + values)."""
        shared = self.heads // self.groups
        mixed = mixed.view(-1, self.heads + 2 * shared, self.width)
        turned = self.turn(mixed[:, : self.heads + shared], places)
        query, keys, values = turned[:, : self.heads], turned[:, self.heads :], mixed[:, self.heads + shared :]
        seen = [self._written(index, part, query, keys, values) for part in layout.standing]
        seen += [block for part in layout.reading for block in self._read(index, part, query, keys, values)]
        return seen[0] if len(seen) == 1 else torch.cat(seen)

    def _written(self, index: int, part: Standing, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Rows that write, each a token."""
        mine = slice(part.begin, part.begin + part.rows)
        table = part.slab.tensor[index]
        table[0].index_put_((part.slots, part.every, part.at), keys[mine])
        table[1].index_put_((part.slots, part.every, part.at), values[mine])
        before = table[:, : part.rows] if part.packed else table[:, part.slots[:, 0]]
        reached = before[0, :, :, : part.reach], before[1, :, :, : part.reach]
        # Queries one by one are a sixth quicker on a CPU; on a GPU no kernel takes shared keys and a mask, but a block.
        single = query.device.type == "cpu"
        asked = query[mine].view(part.rows, self.heads if single else keys.shape[1], -1, self.width)
        seen = F.scaled_dot_product_attention(
            asked, *reached, part.mask, scale=self.scale, enable_gqa=single and self.groups > 1
        )
        return seen.reshape(part.rows, self.heads * self.width)

    def _read(self, index: int, part: Reading, query: Tensor, keys: Tensor, values: Tensor) -> list[Tensor]:
        """The next tokens of a prompt, block by block."""
        table, mine = part.memory.table[index], slice(part.begin, part.begin + part.tokens)
        table[0, :, part.at : part.at + part.tokens] = keys[mine].transpose(0, 1)
        table[1, :, part.at : part.at + part.tokens] = values[mine].transpose(0, 1)
        found = []
        for begin, size, reach, mask in part.blocks:
            asked = query[begin : begin + size].transpose(0, 1).reshape(1, -1, self.groups * size, self.width)
            seen = F.scaled_dot_product_attention(
                asked, table[:1, :, :reach], table[1:, :, :reach], mask, scale=self.scale
            )
            seen = seen.view(self.heads, size, self.width).transpose(0, 1)
            found.append(seen.reshape(size, self.heads * self.width))
        return found


class LeanLlama(LeanNetwork):
    """Llama with plain rotary positions."""

    turned = gated = True

    def __init__(self, model: Any, compact: bool = False) -> None:
        config, body = model.config, model.model
        self.width = config.head_dim
        self.heads = config.num_attention_heads
        self.groups = self.heads // config.num_key_value_heads
        self.scale = self.width**-0.5
        self.embeddings = body.embed_tokens.weight
        self.norm_out = _rms_norm(body.norm)
        self.blocks = []
        for number, layer in enumerate(body.layers):
            at, of, mlp = f"model.layers.{number}.", layer.self_attn, layer.mlp
            self.blocks.append(
                Block(
                    _rms_norm(layer.input_layernorm),
                    Product(at + "self_attn.", q_proj=of.q_proj, k_proj=of.k_proj, v_proj=of.v_proj),
                    Product(at + "self_attn.", o_proj=of.o_proj),
                    _rms_norm(layer.post_attention_layernorm),
                    Product(at + "mlp.", gate_proj=mlp.gate_proj, up_proj=mlp.up_proj),
                    Product(at + "mlp.", down_proj=mlp.down_proj),
                )
            )
        angles = torch.outer(
            torch.arange(config.max_position_embeddings).float(), body.rotary_emb.inv_freq.cpu().float()
        )
        half = (angles.cos(), angles.sin())
        self.cos = torch.cat([half[0], half[0]], -1).to(self.embeddings)
        self.sin = torch.cat([-half[1], half[1]], -1).to(self.embeddings)
        self._build(model.lm_head.weight, compact)

    def enter(self, ids: Tensor, at: Tensor) -> tuple[Tensor, Any]:
        """Embeddings, and the cosines and sines of these positions."""
        return F.embedding(ids, self.embeddings), (self.cos[at][:, None], self.sin[at][:, None])

    def turn(self, x: Tensor, places: tuple[Tensor, Tensor]) -> Tensor:
        """Rotate by halves; the sign of the first half is in the table of sines."""
        return x * places[0] + x.roll(self.width // 2, -1) * places[1]

    def between(self, x: Tensor) -> Tensor:
        """SwiGLU."""
        gate, up = x.chunk(2, -1)
        return F.silu(gate) * up


class LeanGpt2(LeanNetwork):
    """GPT-2: learned positions, Conv1D layers, biases, layer norms."""

    groups = 1

    def __init__(self, model: Any, compact: bool = False) -> None:
        config, body = model.config, model.transformer
        self.heads = config.n_head
        self.width = config.n_embd // config.n_head
        self.scale = self.width**-0.5
        self.embeddings, self.positions = body.wte.weight, body.wpe.weight
        self.norm_out = _layer_norm(body.ln_f)
        self.blocks = [
            Block(
                _layer_norm(layer.ln_1),
                Product(f"transformer.h.{number}.attn.", c_attn=layer.attn.c_attn),
                Product(f"transformer.h.{number}.attn.", c_proj=layer.attn.c_proj),
                _layer_norm(layer.ln_2),
                Product(f"transformer.h.{number}.mlp.", c_fc=layer.mlp.c_fc),
                Product(f"transformer.h.{number}.mlp.", c_proj=layer.mlp.c_proj),
            )
            for number, layer in enumerate(body.h)
        ]
        self._build(model.lm_head.weight, compact)

    def enter(self, ids: Tensor, at: Tensor) -> tuple[Tensor, Any]:
        """Words plus learned positions."""
        return F.embedding(ids, self.embeddings) + F.embedding(at, self.positions), None

    def between(self, x: Tensor) -> Tensor:
        """GELU, in the tanh form GPT-2 was trained with."""
        return F.gelu(x, approximate="tanh")


def _rms_norm(module: Any) -> Norm:
    return Norm(module.weight, None, module.variance_epsilon)


def _layer_norm(module: Any) -> Norm:
    return Norm(module.weight, module.bias, module.eps)


def lean(model: Any, compact: bool = False) -> LeanNetwork | None:
    """The lean network over this transformers model's weights; None if something in it is not of the plain kind.

    `compact`: with weights of eight bits in compiled code, if its sizes allow; on a CPU only.
    """
    config = model.config
    if type(model) is LlamaForCausalLM:
        rope = config.rope_parameters or {}
        plain = rope.get("rope_type", "default") == "default" and config.hidden_act == "silu"
        seen = config.num_attention_heads * config.head_dim
        known = fits(config.head_dim, config.hidden_size, seen, config.intermediate_size)
        return LeanLlama(model, compact and known) if plain else None
    if type(model) is GPT2LMHeadModel:
        odd = config.scale_attn_by_inverse_layer_idx or config.reorder_and_upcast_attn or not config.scale_attn_weights
        known = fits(config.n_embd // config.n_head, config.n_embd, config.n_inner or 4 * config.n_embd)
        return LeanGpt2(model, compact and known) if not odd and config.activation_function == "gelu_new" else None
    return None

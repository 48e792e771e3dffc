"""Forward passes of our own for the models that matter: Llama types and GPT-2 (T).

A small model's step is mostly small kernels and Python; transformers' forward needs about three times as many of them.
Here projections that read the same input are one product, keys and values go straight into a table that is as large
as the request will need, and a voice is one narrow product beside each wide one. Scores equal transformers' own, as
far as the order of additions lets them; a model with anything unusual in its configuration is left to `HubNetwork`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import GPT2LMHeadModel, LlamaForCausalLM

from adapters.files import Pair
from adapters.manifest import BadAdapter
from engine.text.voices import check_shape, join_pairs

PACKED = "_linear_pointwise"  # what torch's own compiler calls on such CPUs


class Product:
    """A linear layer made of the named ones that read the same input, with the voices' narrow products beside it."""

    def __init__(self, prefix: str, **layers: Any) -> None:
        """GPT-2's Conv1D keeps its weight the other way round."""
        weights = [layer.weight if isinstance(layer, nn.Linear) else layer.weight.t() for layer in layers.values()]
        biases = [layer.bias for layer in layers.values() if layer.bias is not None]
        weight = torch.cat(weights).contiguous()
        self.names = tuple(prefix + name for name in layers)
        self.sizes = tuple(w.shape[0] for w in weights)
        self.like = weight.new_empty(0, weight.shape[1])
        self.voices: dict[str, Pair] = {}
        self._base = _linear(weight, torch.cat(biases) if biases else None)

    def __call__(self, x: Tensor, voice: str) -> Tensor:
        """The outputs of all the layers side by side."""
        out = self._base(x)
        pair = self.voices.get(voice) if voice else None
        return out if pair is None else out + F.linear(F.linear(x, pair[0]), pair[1])


def _linear(weight: Tensor, bias: Tensor | None) -> Callable[[Tensor], Tensor]:
    """x -> x W' + b. In bfloat16 on a CPU the weight is packed once, which halves the time of a product of few rows."""
    if weight.device.type == "cpu" and weight.dtype == torch.bfloat16 and hasattr(torch.ops.mkldnn, PACKED):
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, 1)
        product = getattr(torch.ops.mkldnn, PACKED)
        return lambda x: cast(Tensor, product(x, packed, bias, "none", [], ""))
    return lambda x: F.linear(x, weight, bias)


@dataclass(slots=True)
class Block:
    """One layer of the model."""

    norm_in: Callable[[Tensor], Tensor]
    qkv: Product
    out: Product
    norm_mid: Callable[[Tensor], Tensor]
    up: Product
    down: Product


class Table:
    """A `Memory`: keys and values of all layers, (rows, heads, capacity, width) each, and how far they are filled."""

    def __init__(self, layers: int, shape: tuple[int, int, int], like: Tensor) -> None:
        heads, capacity, width = shape
        self.keys = [like.new_empty(1, heads, capacity, width) for _ in range(layers)]
        self.values = [like.new_empty(1, heads, capacity, width) for _ in range(layers)]
        self.filled = 0

    def spread(self, rows: int) -> None:
        """See `Memory`."""
        if rows > 1:
            self.keys = [table.repeat(rows, 1, 1, 1) for table in self.keys]
            self.values = [table.repeat(rows, 1, 1, 1) for table in self.values]

    def keep(self, rows: list[int]) -> None:
        """See `Memory`."""
        self.keys = [table[rows] for table in self.keys]
        self.values = [table[rows] for table in self.values]


class LeanNetwork:
    """What Llama types and GPT-2 share: the order of things, attention, and voices."""

    blocks: list[Block]
    norm_out: Callable[[Tensor], Tensor]
    head: Tensor
    embeddings: Tensor
    heads: int
    groups: int
    width: int
    scale: float

    @property
    def device(self) -> torch.device:
        """See `Network`."""
        return self.embeddings.device

    def remember(self, tokens: int) -> Table:
        """See `Network`."""
        return Table(len(self.blocks), (self.heads // self.groups, tokens, self.width), self.embeddings)

    def forward(self, ids: Tensor, memory: Table, voice: str) -> Tensor:
        """See `Network`."""
        begin, count = memory.filled, ids.shape[1]
        memory.filled = begin + count
        x, places = self.enter(ids, begin)
        mask = self._mask(begin, count)
        for index, block in enumerate(self.blocks):
            x = x + block.out(self._attend(block, index, x, (memory, begin, places, mask, voice)), voice)
            x = x + block.down(self.between(block.up(block.norm_mid(x), voice)), voice)
        return F.linear(self.norm_out(x[:, -1]), self.head).float()

    def load_voice(self, name: str, pairs: Mapping[str, Pair]) -> None:
        """See `Network`."""
        products = [product for block in self.blocks for product in (block.qkv, block.out, block.up, block.down)]
        sizes = {n: (p.like.shape[1], size) for p in products for n, size in zip(p.names, p.sizes, strict=True)}
        for layer, pair in pairs.items():
            if layer not in sizes:
                raise BadAdapter(f"this adapter was made for another base: there is no layer {layer} here")
            check_shape(layer, pair, *sizes[layer])
        self.drop_voice(name)
        for product in products:
            if any(layer in pairs for layer in product.names):
                down, up = join_pairs([pairs.get(layer) for layer in product.names], product.sizes)
                product.voices[name] = (down.to(product.like), up.to(product.like))

    def drop_voice(self, name: str) -> None:
        """See `Network`."""
        for block in self.blocks:
            for product in (block.qkv, block.out, block.up, block.down):
                product.voices.pop(name, None)

    def enter(self, ids: Tensor, begin: int) -> tuple[Tensor, Any]:
        """What goes into the first layer, and whatever `turn` needs to know of positions."""
        raise NotImplementedError

    def turn(self, x: Tensor, places: Any) -> Tensor:
        """Turn queries and keys, (rows, heads, tokens, width), to their positions."""
        return x

    def between(self, x: Tensor) -> Tensor:
        """The activation of the feed-forward part."""
        raise NotImplementedError

    def _mask(self, begin: int, count: int) -> Tensor | None:
        if count == 1:
            return None
        seen = torch.arange(begin + count, device=self.device) <= torch.arange(begin, begin + count)[:, None].to(
            self.device
        )
        return seen.repeat(self.groups, 1)

    def _attend(self, block: Block, index: int, x: Tensor, now: tuple[Table, int, Any, Tensor | None, str]) -> Tensor:
        memory, begin, places, mask, voice = now
        rows, count, _ = x.shape
        end = begin + count
        shared = self.heads // self.groups
        mixed = (
            block.qkv(block.norm_in(x), voice).view(rows, count, self.heads + 2 * shared, self.width).transpose(1, 2)
        )
        turned = self.turn(mixed[:, : self.heads + shared], places)
        keys, values = memory.keys[index], memory.values[index]
        keys[:, :, begin:end] = turned[:, self.heads :]
        values[:, :, begin:end] = mixed[:, self.heads + shared :]
        query = turned[:, : self.heads].reshape(rows, shared, self.groups * count, self.width)
        seen = F.scaled_dot_product_attention(query, keys[:, :, :end], values[:, :, :end], mask, scale=self.scale)
        return (
            seen.view(rows, self.heads, count, self.width).transpose(1, 2).reshape(rows, count, self.heads * self.width)
        )


class LeanLlama(LeanNetwork):
    """Llama with plain rotary positions."""

    def __init__(self, model: Any) -> None:
        config, body = model.config, model.model
        self.width = config.head_dim
        self.heads = config.num_attention_heads
        self.groups = self.heads // config.num_key_value_heads
        self.scale = self.width**-0.5
        self.embeddings = body.embed_tokens.weight
        self.head = model.lm_head.weight
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

    def enter(self, ids: Tensor, begin: int) -> tuple[Tensor, Any]:
        """Embeddings, and the cosines and sines of these positions."""
        end = begin + ids.shape[1]
        return F.embedding(ids, self.embeddings), (self.cos[begin:end], self.sin[begin:end])

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

    def __init__(self, model: Any) -> None:
        config, body = model.config, model.transformer
        self.heads = config.n_head
        self.width = config.n_embd // config.n_head
        self.scale = self.width**-0.5
        self.embeddings, self.positions = body.wte.weight, body.wpe.weight
        self.head = model.lm_head.weight
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

    def enter(self, ids: Tensor, begin: int) -> tuple[Tensor, Any]:
        """Words plus learned positions."""
        return F.embedding(ids, self.embeddings) + self.positions[begin : begin + ids.shape[1]], None

    def between(self, x: Tensor) -> Tensor:
        """GELU, in the tanh form GPT-2 was trained with."""
        return F.gelu(x, approximate="tanh")


def _rms_norm(module: Any) -> Callable[[Tensor], Tensor]:
    weight, epsilon = module.weight, module.variance_epsilon
    return lambda x: F.rms_norm(x, weight.shape, weight, epsilon)


def _layer_norm(module: Any) -> Callable[[Tensor], Tensor]:
    weight, bias, epsilon = module.weight, module.bias, module.eps
    return lambda x: F.layer_norm(x, weight.shape, weight, bias, epsilon)


def lean(model: Any) -> LeanNetwork | None:
    """The lean network over this transformers model's weights; None if something in it is not of the plain kind."""
    config = model.config
    if type(model) is LlamaForCausalLM:
        rope = config.rope_parameters or {}
        plain = rope.get("rope_type", "default") == "default" and config.hidden_act == "silu"
        return LeanLlama(model) if plain else None
    if type(model) is GPT2LMHeadModel:
        odd = config.scale_attn_by_inverse_layer_idx or config.reorder_and_upcast_attn or not config.scale_attn_weights
        return LeanGpt2(model) if not odd and config.activation_function == "gelu_new" else None
    return None

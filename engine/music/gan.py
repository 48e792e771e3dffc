"""T. The masked conditional GAN: a generator that fills hidden cells, and a critic that hears whole windows.

The generator is a small transformer over (lane, beat) patches. Its logits are the sum of what the transformer says and
of learnt tables of intervals: to the note before, to the note after, to every other voice. The tables learn stepwise
motion within minutes and leave the transformer to the rest. The critic sees sounding pitches, chroma, and maps of
melodic and harmonic intervals, all differentiable. After MaskGIT (Chang 2022) for masked decoding, Coconet (Huang 2017)
for the task, and Miyato (2018) for the hinge loss with spectral norm and a projection on the condition.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from engine.music.chords import CHORDS
from engine.music.context import GAPS, PITCHES, SILENT, UNCLEAR, after, before, heard, kinds, sustain
from engine.music.tokens import FAR, FIRST_PITCH, MASK_ID, VOCABULARY

LANES, PATCH, REACH = 4, 4, 16
STYLES, MODES, METRES, LEVELS = 8, 4, 3, 6
_PATCHES_A_BAR = (4, 3, 3)


class Conditions(NamedTuple):
    """A batch of conditions: seven columns of ids, shape (batch, 7), and chords, shape (batch, patches)."""

    labels: Tensor  # style, mode, metre, density, register, from_start, to_end
    chords: Tensor


class Block(nn.Module):
    """A pre-norm transformer layer whose attention adds a learnt bias for distance in beats and pair of lanes."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.distance = nn.Parameter(torch.zeros(heads, 2 * REACH + 1))
        self.pair = nn.Parameter(torch.zeros(heads, LANES, LANES))
        self.settled: dict[tuple[int, int], Tensor] | None = None

    def forward(self, x: Tensor, lanes: int, wanted: Tensor | None = None) -> Tensor:
        """(batch, lanes * patches, width) to the same shape, or to only `wanted` (batch, n) of its second dimension."""
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        bias = self._bias(lanes, length // lanes).to(q.dtype)
        if wanted is not None:
            who = torch.arange(batch)[:, None]
            q, bias = q.transpose(1, 2)[who, wanted].transpose(1, 2), bias[0][:, wanted].transpose(0, 1)
            x = x[who, wanted]
        drop = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, bias)
        x = x + F.dropout(self.out(mixed.transpose(1, 2).reshape(batch, -1, width)), drop)
        return x + F.dropout(self.down(F.gelu(self.up(self.norm2(x)))), drop)

    def _bias(self, lanes: int, patches: int) -> Tensor:
        if self.settled is None:
            return self._made_bias(lanes, patches)
        if (lanes, patches) not in self.settled:
            self.settled[lanes, patches] = self._made_bias(lanes, patches)
        return self.settled[lanes, patches]

    def _made_bias(self, lanes: int, patches: int) -> Tensor:
        place = torch.arange(patches)
        apart = (place[:, None] - place[None, :]).clamp(-REACH, REACH) + REACH
        pair = self.pair[:, :lanes, :lanes]
        bias = pair[:, :, None, :, None] + self.distance[:, apart][:, None, :, None, :]
        return bias.reshape(1, self.heads, lanes * patches, lanes * patches)


class IntervalTable(nn.Module):
    """Logits for a cell from one neighbour: a table by interval (shared by all keys' degrees) plus one by degree."""

    def __init__(self, contexts: int) -> None:
        super().__init__()
        self.by_interval = nn.Parameter(torch.zeros(contexts, 2 * PITCHES + 1))
        self.by_pitch = nn.Parameter(torch.zeros(contexts, PITCHES + 2, VOCABULARY))
        index = torch.arange(PITCHES)[None, :] - torch.arange(PITCHES)[:, None] + PITCHES
        self.register_buffer("index", index, persistent=False)
        self.index: Tensor
        self.settled: Tensor | None = None

    def forward(self, context: Tensor, pitch: Tensor) -> Tensor:
        """Ids of context and of the neighbour's pitch, any equal shape, to logits with VOCABULARY appended."""
        table = self.table() if self.settled is None else self.settled
        return F.embedding(context * (PITCHES + 2) + pitch, table)

    def table(self) -> Tensor:
        """Both tables as one, (contexts * (PITCHES + 2), VOCABULARY)."""
        toeplitz = F.pad(self.by_interval[:, self.index], (FIRST_PITCH, 0, 0, 2))
        return (self.by_pitch + toeplitz).flatten(0, 1)


class Generator(nn.Module):
    """Fills hidden cells: ids with MASK_ID in, logits over the vocabulary for every cell out."""

    def __init__(self, width: int = 160, depth: int = 5, heads: int = 5, dropout: float = 0.1) -> None:
        super().__init__()
        self.token, self.sound = nn.Embedding(MASK_ID + 1, 32), nn.Embedding(PITCHES + 2, 32)
        self.cells_in = nn.Linear(PATCH * 64, width)
        self.lane, self.beat = nn.Embedding(LANES, width), nn.Embedding(METRES * 4, width)
        self.label = nn.ModuleList(
            nn.Embedding(n, width) for n in (STYLES, MODES, METRES, LEVELS, LEVELS, FAR + 1, FAR + 1)
        )
        self.bar_start, self.bar_end = nn.Embedding(FAR + 1, width), nn.Embedding(FAR + 1, width)
        self.chord = nn.Embedding(CHORDS + 1, width)
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.cells_out = nn.Linear(width, PATCH * 64)
        self.word = nn.Linear(64, VOCABULARY)
        self.previous, self.following = IntervalTable(GAPS * 2), IntervalTable(GAPS * 2)
        self.across = IntervalTable(LANES * LANES)
        self.rhythm = nn.Embedding(LANES * LANES * 5 * PATCH, VOCABULARY)
        self.neighbours = nn.Embedding(25 * PATCH * 2, VOCABULARY)
        for table in (self.rhythm, self.neighbours):
            nn.init.zeros_(table.weight)

    def forward(self, ids: Tensor, conditions: Conditions) -> Tensor:
        """(batch, lanes, cells) to logits (batch, lanes, cells, VOCABULARY), float32."""
        batch, lanes, cells = ids.shape
        sounds = heard(ids)
        x = self._patches(ids, sounds, self.around(conditions, lanes, cells // PATCH))
        for block in self.blocks:
            x = block(x, lanes)
        said = self.word(F.gelu(self.cells_out(self.norm(x))).view(batch, lanes, cells, 64)).float()
        logits: Tensor = said + torch.stack([self._tables(ids, sounds, lane) for lane in range(lanes)], 1)
        return logits

    def ask(self, ids: Tensor, around: Tensor, lane: int, cells: Tensor) -> Tensor:
        """Logits of some cells of one lane, each of the batch its own, (batch, n) to (batch, n, VOCABULARY); for use.

        The same as `forward` there, without the work for everything else; `around` comes from the method of that name.
        """
        batch, lanes, length = ids.shape
        sounds = heard(ids)
        x = self._patches(ids, sounds, around)
        for block in self.blocks[:-1]:
            x = block(x, lanes)
        x = self.blocks[-1](x, lanes, lane * (length // PATCH) + cells // PATCH)
        spread = F.gelu(self.cells_out(self.norm(x))).view(batch, -1, PATCH, 64)
        said = self.word(spread.gather(2, (cells % PATCH)[..., None, None].expand(-1, -1, 1, 64))[:, :, 0]).float()
        logits: Tensor = said + self._tables(ids, sounds, lane, cells)
        return logits

    def settle(self) -> "Generator":
        """Ready for use and not for training any more: the tables that weights make are made once."""
        self.eval().requires_grad_(requires_grad=False)
        for table in (self.previous, self.following, self.across):
            table.settled = table.table()
        for module in self.blocks.modules():
            if isinstance(module, Block):
                module.settled = {}
        return self

    def _patches(self, ids: Tensor, sounds: Tensor, around: Tensor) -> Tensor:
        """What the transformer reads, (batch, lanes * patches, width)."""
        batch, lanes, cells = ids.shape
        features = torch.cat([self.token(ids), self.sound(sounds)], -1)
        x: Tensor = self.cells_in(features.view(batch, lanes, cells // PATCH, -1)) + around
        return x.flatten(1, 2)

    def around(self, conditions: Conditions, lanes: int, patches: int) -> Tensor:
        """Everything a patch is told besides its cells, shape (batch, lanes, patches, width)."""
        labels, place = conditions.labels, torch.arange(patches)
        whole = sum(table(labels[:, i]) for i, table in enumerate(self.label))
        a_bar = torch.tensor(_PATCHES_A_BAR)[labels[:, 2]][:, None]
        bar = place[None, :] // a_bar
        last = (patches - 1) // a_bar
        start = self.bar_start((labels[:, 5:6] + bar).clamp(max=FAR))
        end = self.bar_end((labels[:, 6:7] + last - bar).clamp(max=FAR))
        beat = self.beat(labels[:, 2:3] * 4 + place[None, :] % a_bar)
        by_patch = start + end + beat + self.chord(conditions.chords) + whole[:, None, :]
        around: Tensor = by_patch[:, None] + self.lane(torch.arange(lanes))[None, :, None]
        return around

    def _tables(self, ids: Tensor, sounds: Tensor, lane: int, cells: Tensor | None = None) -> Tensor:
        """The interval and rhythm tables' share of one lane's logits, (batch, cells, VOCABULARY); all cells or some."""
        _, lanes, length = ids.shape
        at = torch.arange(length).expand(len(ids), -1) if cells is None else cells
        kind, place, own = kinds(ids), at % PATCH, ids[:, lane]
        (left, left_gap), (right, right_gap) = before(own), after(own)
        half = GAPS if lanes == 1 else 0  # a fiddle leaps where a singer steps
        sides = F.pad(kind[:, lane], (1, 1), value=0)
        near = (sides[..., :-2] * 5 + sides[..., 2:]).gather(1, at) * PATCH + place + (100 if lanes == 1 else 0)
        row: Tensor = (
            self.previous(left_gap.gather(1, at) + half, left.gather(1, at))
            + self.following(right_gap.gather(1, at) + half, right.gather(1, at))
            + self.neighbours(near)
        )
        for other in range(lanes):
            if other != lane:
                pair = lane * LANES + other
                theirs = sounds[:, other].gather(1, at)
                row = row + self.across(torch.full_like(theirs, pair), theirs)
                row = row + self.rhythm((pair * 5 + kind[:, other].gather(1, at)) * PATCH + place)
        return row


class Critic(nn.Module):
    """Scores each beat of a window as real or made; it is told the condition and hears intervals as intervals."""

    def __init__(self, width: int = 96, deep: int = 192) -> None:
        super().__init__()
        self.cell = spectral_norm(nn.Conv1d(LANES * 57 + 72, width, 1))
        self.near = spectral_norm(nn.Conv1d(width, width, 3, padding=1))
        self.patch = spectral_norm(nn.Conv1d(width, deep, PATCH, stride=PATCH))
        self.wide1 = spectral_norm(nn.Conv1d(deep, deep, 3, padding=1))
        self.wide2 = spectral_norm(nn.Conv1d(deep, deep, 3, padding=2, dilation=2))
        self.wide3 = spectral_norm(nn.Conv1d(deep, deep, 3, padding=4, dilation=4))
        self.score = spectral_norm(nn.Conv1d(deep, 1, 1))
        self.label = nn.ModuleList(nn.Embedding(n, deep) for n in (STYLES, MODES, METRES))
        for table in self.label:
            nn.init.normal_(table.weight, std=0.1)  # type: ignore[arg-type]

    def forward(self, cells: Tensor, conditions: Conditions) -> Tensor:
        """One-hot or soft cells (batch, lanes, cells, VOCABULARY) to scores (batch, patches)."""
        x = F.leaky_relu(self.cell(critic_features(cells).transpose(1, 2)), 0.2)
        x = F.leaky_relu(self.near(x), 0.2)
        x = F.leaky_relu(self.patch(x), 0.2)
        for layer in (self.wide1, self.wide2, self.wide3):
            x = x + F.leaky_relu(layer(x), 0.2)
        told = sum(table(conditions.labels[:, i]) for i, table in enumerate(self.label))
        matched = (x * told[:, :, None]).sum(1) / x.shape[1] ** 0.5
        scores: Tensor = self.score(x)[:, 0].float() + matched.float()
        return scores


def critic_features(cells: Tensor) -> Tensor:
    """What the critic hears, (batch, cells, features): sounds, chroma, kinds, melodic and harmonic intervals."""
    missing = LANES - cells.shape[1]
    if missing:
        cells = F.pad(cells, (0, 0, 0, 0, 0, missing))
    onset, hold = cells[..., FIRST_PITCH:], cells[..., 1:2] + cells[..., 2:3]
    roll = sustain(onset, hold)
    batch, lanes, length, _ = roll.shape
    chroma = _folded(roll)
    height = F.pad(roll, (0, 3)).view(batch, lanes, length, 16, 4).sum(-1)
    kind = torch.cat([cells[..., :3], onset.sum(-1, keepdim=True)], -1)
    melodic = _melodic(onset, F.pad(roll[:, :, :-1], (0, 0, 1, 0)))
    own = torch.cat([chroma, height, kind, melodic], -1).permute(0, 2, 1, 3).flatten(2)
    pairs = [(i, j) for i in range(LANES) for j in range(i)]
    turned = torch.stack([chroma.roll(-k, -1) for k in range(12)], -2)
    harmonic = [torch.einsum("btp,btkp->btk", chroma[:, j], turned[:, i]) for i, j in pairs]
    return torch.cat([own, *harmonic], -1)


def _melodic(onset: Tensor, earlier: Tensor) -> Tensor:
    """Which interval, -12 to 12, each onset makes with what sounded before: (batch, lanes, cells, 25), one-hot.

    Both sides are one-hot forward, so the map is a row of one side read around the pitch of the other; the mean of the
    two readings has the same value and sends a gradient to both. The full product costs twenty times as much.
    """
    steps = torch.arange(25)
    now = onset.detach().max(-1, keepdim=True)
    was = earlier.detach().max(-1, keepdim=True)
    both = (now.values * was.values).round()
    of_onset = F.pad(onset, (12, 12)).gather(-1, was.indices + steps)
    of_earlier = F.pad(earlier, (12, 12)).gather(-1, now.indices + 24 - steps)
    return both * (of_onset + of_earlier) / 2


def _folded(roll: Tensor) -> Tensor:
    """Octaves folded together: (..., pitches) to (..., 12), counted from LOW."""
    padded = F.pad(roll, (0, 72 - PITCHES))
    return padded.view(*padded.shape[:-1], 6, 12).sum(-2)


def straight_through(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Gumbel-softmax samples (Jang 2017): one-hot forward, soft backward."""
    noise = -torch.empty_like(logits).exponential_().log()
    soft = ((logits + noise) / temperature).softmax(-1)
    hard = F.one_hot(soft.argmax(-1), soft.shape[-1]).to(soft.dtype)
    return hard + soft - soft.detach()


def filled(ids: Tensor, hidden: Tensor, made: Tensor) -> Tensor:
    """One-hot cells with the made ones in the hidden places and the true ones elsewhere."""
    true = F.one_hot(ids.clamp(max=VOCABULARY - 1), VOCABULARY).to(made.dtype)
    return torch.where(hidden[..., None], made, true)


def critic_loss(real: Tensor, made: Tensor) -> Tensor:
    """Hinge loss (Lim and Ye 2017)."""
    return F.relu(1 - real).mean() + F.relu(1 + made).mean()


def fill_loss(logits: Tensor, ids: Tensor, hidden: Tensor) -> Tensor:
    """Cross-entropy in nats over the hidden cells only."""
    return F.cross_entropy(logits[hidden], ids[hidden])


__all__ = ["SILENT", "UNCLEAR", "Conditions", "Critic", "Generator", "critic_loss", "fill_loss", "filled",
           "straight_through"]  # fmt: skip

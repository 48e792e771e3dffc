-- Rows as the first release (schema 0001) stored them. They must open in every later version: never change them.

INSERT INTO people VALUES
('p000000000000001', 'telegram', '7', 'Mara', 'en', '2026-01-02 03:04:05.000006');

INSERT INTO pieces (id, platform, chat, thread, title, memory, note, head, step, clock, created, updated) VALUES
('a000000000000001', 'telegram', '1', '', 'Old', 'It rains.', '', 't000000000000002', 3, 3, '2026-01-02 03:04:05.000006', '2026-01-02 03:04:05.000006');

INSERT INTO places VALUES
('telegram', '1', '', 'a000000000000001');

INSERT INTO turns (id, piece, number, shown, changed, parent, depth, kind, person, form, starts, edited, created, model, adapter, seed, finish, text, completion, prompt, sampling, sections, tokens, "window", reserved) VALUES
('t000000000000001', 'a000000000000001', 1, 1, 1, NULL, 1, 'person', 'p000000000000001', 'story', true, false, '2026-01-02 03:04:05.000006', '', '', 0, NULL, 'Once', '', '', '{}', '[]', 0, 0, 0),
('t000000000000002', 'a000000000000001', 2, 2, 3, 't000000000000001', 2, 'model', NULL, 'story', false, true, '2026-01-02 03:04:05.000006', 'gpt2', 'tales', 5, 'stop', 'twice.', 'thrice. And', 'Once', '{"top_p": 0.9}', '[{"name": "story", "tokens": 1, "text": "Once", "cut": ""}]', 1, 1024, 100);

INSERT INTO edits VALUES
('e000000000000001', 't000000000000002', 'p000000000000001', 'thrice.', 'twice.', true, '2026-01-02 03:04:05.000006');

INSERT INTO moves VALUES
('a000000000000001', 1, 0, 'reply', NULL, 't000000000000002', NULL, 'p000000000000001', '2026-01-02 03:04:05.000006'),
('a000000000000001', 3, 1, 'edit', 't000000000000002', 't000000000000002', 'e000000000000001', 'p000000000000001', '2026-01-02 03:04:05.000006');

INSERT INTO deliveries VALUES
('telegram', '1', '99', 't000000000000002', '2026-01-02 03:04:05.000006');

INSERT INTO inbox VALUES
('telegram', '1', '', 'u1', 'a000000000000001', 't000000000000001', 't000000000000002', 1, false, '2026-01-02 03:04:05.000006');

INSERT INTO preferences VALUES
('t000000000000002', 'p000000000000001', 1, '2026-01-02 03:04:05.000006', '2026-01-02 03:04:05.000006');

INSERT INTO picks VALUES
('k000000000000001', 't000000000000002', 't000000000000002', 'p000000000000001', '2026-01-02 03:04:05.000006');

INSERT INTO retries VALUES
('r000000000000001', 't000000000000002', 't000000000000002', 'p000000000000001', '2026-01-02 03:04:05.000006');

INSERT INTO settings VALUES
('everyone', 'language', '"zh"', '2026-01-02 03:04:05.000006');

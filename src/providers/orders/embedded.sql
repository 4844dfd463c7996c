BEGIN IMMEDIATE;

CREATE TABLE IF NOT EXISTS plans (
    id              TEXT PRIMARY KEY,
    name            TEXT NOT NULL,
    is_active       INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    price_minor     INTEGER,
    cost_minor      INTEGER,
    currency        TEXT NOT NULL DEFAULT 'EUR',
    stripe_price_id TEXT,
    ram_mib         INTEGER NOT NULL,
    disk_mib        INTEGER NOT NULL,
    cpu_percent     INTEGER NOT NULL DEFAULT 0,
    swap_mib        INTEGER NOT NULL DEFAULT 0,
    io_weight       INTEGER NOT NULL DEFAULT 500,
    databases       INTEGER NOT NULL DEFAULT 0,
    backups         INTEGER NOT NULL DEFAULT 0,
    allocations     INTEGER NOT NULL DEFAULT 0,
    panel_egg_id    INTEGER,
    docker_image    TEXT,
    startup         TEXT,
    environment     TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(environment))
) STRICT;

CREATE TABLE IF NOT EXISTS customers (
    id            TEXT PRIMARY KEY,
    email         TEXT,
    name          TEXT,
    panel_user_id INTEGER
) STRICT;

CREATE TABLE IF NOT EXISTS orders (
    id                         TEXT PRIMARY KEY,
    status                     TEXT NOT NULL DEFAULT 'pending',
    claim_token                TEXT,
    customer_id                TEXT NOT NULL REFERENCES customers (id),
    plan_id                    TEXT NOT NULL REFERENCES plans (id),
    region                     TEXT,
    server_name                TEXT,
    amount_minor               INTEGER,
    currency                   TEXT NOT NULL DEFAULT 'EUR',
    created_at                 TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at                 TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    panel_server_id            INTEGER,
    panel_identifier           TEXT,
    panel_node_id              INTEGER,
    error_message              TEXT,
    stripe_checkout_session_id TEXT,
    stripe_subscription_id     TEXT,
    stripe_payment_intent_id   TEXT,
    stripe_customer_id         TEXT
) STRICT;

CREATE INDEX IF NOT EXISTS orders_by_age ON orders (created_at);

CREATE TABLE IF NOT EXISTS order_addons (
    id          INTEGER PRIMARY KEY,
    order_id    TEXT NOT NULL REFERENCES orders (id),
    name        TEXT NOT NULL,
    ram_mib     INTEGER NOT NULL DEFAULT 0,
    disk_mib    INTEGER NOT NULL DEFAULT 0,
    cpu_percent INTEGER NOT NULL DEFAULT 0,
    backups     INTEGER NOT NULL DEFAULT 0,
    databases   INTEGER NOT NULL DEFAULT 0,
    allocations INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX IF NOT EXISTS order_addons_by_order ON order_addons (order_id);

CREATE TABLE IF NOT EXISTS region_nodes (
    id                INTEGER PRIMARY KEY,
    region            TEXT NOT NULL,
    panel_node_id     INTEGER NOT NULL,
    is_enabled        INTEGER NOT NULL DEFAULT 1 CHECK (is_enabled IN (0, 1)),
    reserved_ram_mib  INTEGER NOT NULL DEFAULT 0,
    reserved_disk_mib INTEGER NOT NULL DEFAULT 0,
    UNIQUE (region, panel_node_id)
) STRICT;

COMMIT;

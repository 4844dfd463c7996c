-- A shop on Supabase, as `Preset::Supabase` names it: UUID keys, an enum status, exact decimals, jsonb.
CREATE TYPE order_status AS ENUM ('pending', 'paid', 'provisioning', 'provisioned', 'error', 'canceled');

CREATE TABLE plans (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name            text NOT NULL,
    is_active       boolean NOT NULL DEFAULT true,
    price           numeric(10, 2) NOT NULL,
    currency        text NOT NULL DEFAULT 'EUR',
    stripe_price_id text,
    ram_mb          integer NOT NULL,
    disk_mb         integer NOT NULL,
    cpu_percent     integer NOT NULL DEFAULT 0,
    swap_mb         integer NOT NULL DEFAULT 0,
    io_weight       integer NOT NULL DEFAULT 500,
    databases       integer NOT NULL DEFAULT 0,
    backups         integer NOT NULL DEFAULT 0,
    allocations     integer NOT NULL DEFAULT 0,
    ptero_egg_id    integer,
    docker_image    text,
    startup         text,
    environment     jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE profiles (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email      text,
    full_name  text,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE external_accounts (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     uuid NOT NULL REFERENCES profiles (id),
    provider    text NOT NULL,
    external_id text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, provider)
);

CREATE TABLE orders (
    id                         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id                    uuid NOT NULL REFERENCES profiles (id),
    plan_id                    uuid NOT NULL REFERENCES plans (id),
    status                     order_status NOT NULL DEFAULT 'pending',
    claim_token                text,
    region                     text,
    server_name                text,
    amount                     numeric(10, 2),
    currency                   text NOT NULL DEFAULT 'EUR',
    ptero_server_id            bigint,
    ptero_identifier           text,
    ptero_node_id              bigint,
    error_message              varchar(200),
    stripe_checkout_session_id text,
    stripe_subscription_id     text,
    stripe_payment_intent_id   text,
    stripe_customer_id         text,
    created_at                 timestamptz NOT NULL DEFAULT now(),
    updated_at                 timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE addons (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id    uuid NOT NULL REFERENCES orders (id),
    name        text NOT NULL,
    ram_mb      integer NOT NULL DEFAULT 0,
    disk_mb     integer NOT NULL DEFAULT 0,
    cpu_percent integer NOT NULL DEFAULT 0,
    backups     integer NOT NULL DEFAULT 0,
    databases   integer NOT NULL DEFAULT 0,
    allocations integer NOT NULL DEFAULT 0
);

CREATE TABLE ptero_nodes (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    region           text NOT NULL,
    ptero_node_id    integer NOT NULL,
    enabled          boolean NOT NULL DEFAULT true,
    reserved_ram_mb  integer NOT NULL DEFAULT 0,
    reserved_disk_mb integer NOT NULL DEFAULT 0
);

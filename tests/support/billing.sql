-- A billing shop on MariaDB, as `Preset::Billing` names it: numeric keys, an ENUM status, DECIMAL amounts, JSON.
CREATE TABLE plans (
    id               BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
    name             VARCHAR(191) NOT NULL,
    is_active        TINYINT(1) NOT NULL DEFAULT 1,
    price            DECIMAL(10, 2) NOT NULL,
    currency         CHAR(3) NOT NULL DEFAULT 'EUR',
    stripe_price_id  VARCHAR(191),
    ram_mb           INT NOT NULL,
    disk_mb          INT NOT NULL,
    cpu_percent      INT NOT NULL DEFAULT 0,
    swap_mb          INT NOT NULL DEFAULT 0,
    io_weight        INT NOT NULL DEFAULT 500,
    database_limit   INT NOT NULL DEFAULT 0,
    backup_limit     INT NOT NULL DEFAULT 0,
    allocation_limit INT NOT NULL DEFAULT 0,
    ptero_egg_id     INT,
    docker_image     VARCHAR(255),
    startup          TEXT,
    environment      JSON NOT NULL DEFAULT '{}'
);

CREATE TABLE users (
    id                  BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
    email               VARCHAR(191),
    name                VARCHAR(191),
    pterodactyl_user_id INT,
    created_at          DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
);

CREATE TABLE orders (
    id                         BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
    user_id                    BIGINT UNSIGNED NOT NULL,
    plan_id                    BIGINT UNSIGNED NOT NULL,
    status                     ENUM ('pending', 'paid', 'provisioning', 'provisioned', 'error', 'canceled') NOT NULL DEFAULT 'pending',
    claim_token                VARCHAR(64),
    region                     VARCHAR(64),
    server_name                VARCHAR(191),
    amount                     DECIMAL(10, 2),
    currency                   CHAR(3) NOT NULL DEFAULT 'EUR',
    ptero_server_id            INT,
    ptero_identifier           VARCHAR(16),
    ptero_node_id              INT,
    error_message              VARCHAR(200),
    stripe_checkout_session_id VARCHAR(191),
    stripe_subscription_id     VARCHAR(191),
    stripe_payment_intent_id   VARCHAR(191),
    stripe_customer_id         VARCHAR(191),
    created_at                 DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updated_at                 DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    FOREIGN KEY (user_id) REFERENCES users (id),
    FOREIGN KEY (plan_id) REFERENCES plans (id),
    KEY (status, updated_at)
);

CREATE TABLE region_node_map (
    id               INT AUTO_INCREMENT PRIMARY KEY,
    region           VARCHAR(64) NOT NULL,
    node_id          INT NOT NULL,
    enabled          TINYINT(1) NOT NULL DEFAULT 1,
    reserved_ram_mb  INT NOT NULL DEFAULT 0,
    reserved_disk_mb INT NOT NULL DEFAULT 0
);

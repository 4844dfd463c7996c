//! The orders: stuck ones first with their cause, and what can be done about them.

mod columns;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::list::List;
use crate::console::actions::{Action, Scope};
use crate::console::component::{
    Component, Dirty, Effect, Effects, Handled, Loudness, Mouse, Reveal, Touched,
};
use crate::console::context::ViewContext;
use crate::console::dialogs::{plan, server_actions};
use crate::console::keys::Key;
use crate::console::widgets::table::Direction;
use crate::model::action::ActionRequest;
use crate::model::fleet::{OrderEntry, OrderTrouble};
use crate::model::ids::{OrderKey, ServerKey};
use crate::model::order::OrderStatus;
use crate::model::request::{Focus, Tab};
use crate::model::time::Timestamp;
pub use columns::Orders;

/// The tab.
pub struct OrdersTab {
    list: List<Orders>,
}

impl Default for OrdersTab {
    fn default() -> Self {
        Self { list: List::new(Orders, columns::AGE, Direction::Ascending) }
    }
}

impl OrdersTab {
    /// The orders an action is about, as far as they still exist.
    fn entries(&self, context: &ViewContext<'_>) -> Vec<Arc<OrderEntry>> {
        self.list.table.targets().iter().filter_map(|id| context.fleet.orders.get(id)).collect()
    }

    fn provision(&self, wanted: fn(&OrderEntry) -> bool, context: &ViewContext<'_>, effects: &mut Effects) {
        let requests: Vec<ActionRequest> = self
            .entries(context)
            .iter()
            .filter(|entry| wanted(entry))
            .map(|entry| request_for(entry))
            .collect();
        if requests.is_empty() {
            effects.notice(
                Loudness::Info,
                "no order chosen can be provisioned: it must be paid, stuck or in error",
            );
        } else {
            plan::open(requests, context, effects);
        }
    }

    fn servers(&self, context: &ViewContext<'_>) -> Vec<ServerKey> {
        self.entries(context).into_iter().filter_map(|entry| entry.server.clone()).collect()
    }
}

/// Whether a plan may come to something; the plan itself says so for sure.
fn may_be_provisioned(entry: &OrderEntry) -> bool {
    matches!(entry.order.status, OrderStatus::Paid | OrderStatus::Error)
        || matches!(entry.trouble, Some(OrderTrouble::ProvisioningTooLong | OrderTrouble::ServerGone))
}

fn may_be_retried(entry: &OrderEntry) -> bool {
    entry.order.status == OrderStatus::Error || entry.trouble == Some(OrderTrouble::ProvisioningTooLong)
}

/// A claim that is stuck is taken over; everything else is claimed.
fn request_for(entry: &OrderEntry) -> ActionRequest {
    let order = entry.order.key();
    match entry.trouble {
        Some(OrderTrouble::ProvisioningTooLong) => ActionRequest::TakeOverOrder { order },
        _ => ActionRequest::ProvisionOrder { order },
    }
}

impl Component for OrdersTab {
    fn scope(&self) -> Scope {
        self.list.scope(Scope::Orders)
    }

    fn on_open(&mut self, context: &ViewContext<'_>, _effects: &mut Effects) {
        self.list.refresh(context);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        self.list.draw(area, buffer, context);
    }

    fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty {
        self.list.take_dirty(area, context)
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        match action {
            Action::ProvisionOrder => self.provision(may_be_provisioned, context, effects),
            Action::RetryOrder => self.provision(may_be_retried, context, effects),
            Action::OpenServer => match self.servers(context).first() {
                Some(server) => effects.push(Effect::Reveal(Reveal::Server(server.clone()))),
                None => effects.notice(Loudness::Info, "this order has no server yet"),
            },
            action if server_actions::is_one(action) => {
                server_actions::perform(action, &self.servers(context), context, effects);
            }
            _ => return self.list.on_action(action, context, effects),
        }
        Handled::Consumed
    }

    fn on_text_key(&mut self, key: Key, context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.list.on_text_key(key, context)
    }

    fn on_paste(&mut self, text: &str, context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.list.on_paste(text, context)
    }

    fn on_mouse(
        &mut self,
        mouse: Mouse,
        _area: Rect,
        _context: &ViewContext<'_>,
        effects: &mut Effects,
    ) -> Handled {
        self.list.on_mouse(mouse, effects)
    }

    fn on_changes(&mut self, touched: &Touched, context: &ViewContext<'_>, _effects: &mut Effects) {
        if touched.is_everything || touched.is_shop {
            self.list.refresh(context);
            return;
        }
        self.list.update(&touched.orders, context);
        if !touched.servers.is_empty() || !touched.runs.is_empty() {
            self.list.table.touch_visible();
        }
    }

    fn is_enabled(&self, action: Action, context: &ViewContext<'_>) -> bool {
        let any = |wanted: fn(&OrderEntry) -> bool| self.entries(context).iter().any(|entry| wanted(entry));
        match action {
            Action::ProvisionOrder => any(may_be_provisioned),
            Action::RetryOrder => any(may_be_retried),
            Action::OpenServer => any(|entry| entry.server.is_some()),
            action if server_actions::is_one(action) => {
                server_actions::is_enabled(action, &self.servers(context), context)
            }
            action => self.list.is_enabled(action),
        }
    }

    fn next_change(&self, context: &ViewContext<'_>) -> Option<Timestamp> {
        self.list.next_change(context)
    }

    fn cursor(&self, area: Rect, context: &ViewContext<'_>) -> Option<Position> {
        self.list.cursor(area, context)
    }

    fn focus(&self, context: &ViewContext<'_>) -> Focus {
        let server = |id: &OrderKey| context.fleet.orders.get(id).and_then(|entry| entry.server.clone());
        Focus {
            tab: Tab::Orders,
            servers: self.list.table.visible().filter_map(server).collect(),
            ..Focus::default()
        }
    }

    fn on_reveal(&mut self, reveal: &Reveal, context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        match reveal {
            Reveal::Order(id) if self.list.reveal(id, context) => Handled::Consumed,
            _ => Handled::Ignored,
        }
    }

    fn set_frozen(&mut self, is_frozen: bool, context: &ViewContext<'_>) {
        self.list.set_frozen(is_frozen, context);
    }
}

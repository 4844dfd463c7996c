//! What the tab does for a key, level by level, and what can be done now.

use std::collections::BTreeSet;

use super::burners::{BurnerId, Burners};
use super::pane::Section;
use super::what_if::Supposition;
use super::{CreditsTab, Level, SNAPSHOT};
use crate::console::actions::Action;
use crate::console::component::{Effect, Effects, Handled, Loudness, Reveal};
use crate::console::context::ViewContext;
use crate::console::dialogs::report::ReportDialog;
use crate::console::dialogs::server_actions;
use crate::model::ids::ServerKey;
use crate::model::request::Request;
use crate::model::server::Ownership;
use crate::model::spend::BurnerOwner;

impl CreditsTab {
    fn enter(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        let Some(payer) = self.balances.table.selected().cloned() else { return };
        self.burners.kind = Burners { payer: Some(payer), is_live: self.is_live };
        self.burners.reset(context);
        self.switch(Level::Burners, effects);
    }

    fn leave(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        self.what_if = None;
        self.balances.refresh(context);
        self.switch(Level::Balances, effects);
    }

    fn switch(&mut self, level: Level, effects: &mut Effects) {
        self.level = level;
        self.has_switched = true;
        effects.push(Effect::FocusChanged);
    }

    fn toggle_real_time(&mut self) {
        self.is_live = !self.is_live;
        self.balances.kind.is_live = self.is_live;
        self.burners.kind.is_live = self.is_live;
        self.balances.table.touch_visible();
    }

    /// What both levels do.
    pub(super) fn on_money_action(
        &mut self,
        action: Action,
        context: &ViewContext<'_>,
        effects: &mut Effects,
    ) -> Handled {
        match action {
            Action::RealTime => self.toggle_real_time(),
            Action::CompareFromNow => {
                self.pane.causes.since_now(context.now);
                effects.notice(Loudness::Good, "changes of the burn are told from now on");
            }
            _ => return Handled::Ignored,
        }
        Handled::Consumed
    }

    pub(super) fn on_balances_action(
        &mut self,
        action: Action,
        context: &ViewContext<'_>,
        effects: &mut Effects,
    ) -> Handled {
        let read_at = self.selected(context).map(|view| view.balance.observed_at);
        let history = &mut self.pane.history;
        match (action, read_at) {
            (Action::Details, _) => self.enter(context, effects),
            (Action::NextPane, _) => self.pane.section = self.pane.section.next(),
            (Action::ZoomIn | Action::ZoomOut, _) => {
                history.zoom(action == Action::ZoomIn);
            }
            (Action::PanBack | Action::PanForward, Some(read_at)) => {
                history.pan(action == Action::PanBack, read_at);
            }
            (Action::ChartNow, _) => history.follow(),
            (Action::ChangesSince, _) => {
                let since = self.pane.causes.since_next();
                effects.notice(Loudness::Good, format!("changes of the burn are told for {}", since.words()));
            }
            (Action::BurntBy, _) => {
                self.pane.causes.by_next();
                self.pane.section = Section::Burnt;
            }
            (Action::Report, _) => effects.open(ReportDialog::default()),
            (Action::TakeSnapshot, _) => effects.send(Request::TakeSnapshot, SNAPSHOT),
            _ => return self.balances.on_action(action, context, effects),
        }
        Handled::Consumed
    }

    pub(super) fn on_burners_action(
        &mut self,
        action: Action,
        context: &ViewContext<'_>,
        effects: &mut Effects,
    ) -> Handled {
        let selected = self.burners.table.selected().cloned();
        match (action, &mut self.what_if, selected) {
            (Action::WhatIf, _, _) if self.burners.kind.billed_later(context.fleet).is_some() => {
                effects.notice(Loudness::Info, "what is billed later has no balance that would last longer");
            }
            (Action::WhatIf, open, _) => {
                *open = if open.is_some() { None } else { Some(Supposition::default()) };
                self.has_switched = true;
            }
            (Action::OneMore, Some(supposed), Some(id)) => supposed.one_more(&id),
            (Action::OneLess, Some(supposed), Some(id)) => {
                supposed.one_less(&id);
            }
            (Action::OneMore | Action::OneLess, _, _) => {}
            (Action::Back, Some(_), _) => {
                self.what_if = None;
                self.has_switched = true;
            }
            (Action::OpenBurner, _, Some(id)) => open_server(&id, context, effects),
            (action, ..) if server_actions::is_one(action) => {
                server_actions::perform(action, &self.targets(), context, effects);
            }
            _ => {
                let handled = self.burners.on_action(action, context, effects);
                if action == Action::Back && handled == Handled::Ignored {
                    self.leave(context, effects);
                    return Handled::Consumed;
                }
                return handled;
            }
        }
        Handled::Consumed
    }

    /// Whether an action would do something now.
    pub(super) fn can_do(&self, action: Action, context: &ViewContext<'_>) -> bool {
        let history = &self.pane.history;
        match (self.level, action) {
            (_, Action::RealTime) => self.subject(context).is_some(),
            (_, Action::CompareFromNow) | (Level::Balances, Action::ChangesSince | Action::BurntBy) => {
                self.about(context).is_some()
            }
            (Level::Balances, Action::ZoomIn | Action::ZoomOut) => {
                self.selected(context).is_some() && history.can_zoom(action == Action::ZoomIn)
            }
            (Level::Balances, Action::PanBack | Action::NextPane) => self.selected(context).is_some(),
            (Level::Balances, Action::PanForward | Action::ChartNow) => history.is_panned(),
            (Level::Balances, Action::TakeSnapshot | Action::Report) => context.link.is_up(),
            (Level::Balances, _) => self.balances.is_enabled(action),
            (Level::Burners, Action::Back) => true,
            // What is billed later has no balance that would last longer.
            (Level::Burners, Action::WhatIf) => {
                self.subject(context).is_some() && !self.burners.table.is_empty()
            }
            (Level::Burners, Action::OneMore | Action::OneLess) => self.what_if.is_some(),
            (Level::Burners, Action::KeepServer) => self.can_keep_selected(context),
            (Level::Burners, Action::OpenBurner) => {
                self.burners.table.selected().is_some_and(|id| is_placed(id, context))
            }
            (Level::Burners, action) if server_actions::is_one(action) => {
                server_actions::is_enabled(action, &self.targets(), context)
            }
            (Level::Burners, _) => self.burners.is_enabled(action),
        }
    }

    /// The servers an action is about: one may burn in several ways.
    fn targets(&self) -> Vec<ServerKey> {
        let servers: BTreeSet<ServerKey> =
            self.burners.table.targets().into_iter().map(|(server, _)| server).collect();
        servers.into_iter().collect()
    }

    /// Whether nobody answers for the selected server, so that a person can.
    fn can_keep_selected(&self, context: &ViewContext<'_>) -> bool {
        let Some(id) = self.burners.table.selected() else { return false };
        if let Some(server) = context.fleet.servers.get(&id.0) {
            return matches!(server.ownership, Ownership::Orphan { .. } | Ownership::NoShop);
        }
        let burner = self.burners.kind.find(context.fleet, id);
        burner.is_some_and(|burner| burner.owner == BurnerOwner::Unowned)
    }
}

/// Whether it is known where the server runs.
fn is_placed(id: &BurnerId, context: &ViewContext<'_>) -> bool {
    context.fleet.servers.contains_key(&id.0) || context.fleet.credit_servers.contains_key(&id.0)
}

/// Goes to the server where it runs.
fn open_server(id: &BurnerId, context: &ViewContext<'_>, effects: &mut Effects) {
    if is_placed(id, context) {
        effects.push(Effect::Reveal(Reveal::Server(id.0.clone())));
    } else {
        effects.notice(Loudness::Info, "this server stands on no node that is known here");
    }
}

//! A plan that goes over the budget: said first, asked once more, and never confirmed by accident.

use insta::assert_snapshot;
use quarterdeck::console::actions::Action;
use quarterdeck::console::component::{Component, Effect};
use quarterdeck::console::dialogs::plan::PlanDialog;
use quarterdeck::console::keys::Key;
use quarterdeck::model::action::{ActionPlan, PlanBudget};
use quarterdeck::model::balance::BalanceKey;
use quarterdeck::model::money::Money;
use quarterdeck::model::request::{Reply, Request};
use quarterdeck::model::spend::{BudgetLimit, BudgetWarning};
use rust_decimal::Decimal;

use crate::fixture::{self, NOW};
use crate::stage::{Stage, text};

fn over_budget(plan: ActionPlan) -> ActionPlan {
    let exa = BalanceKey::account("exa".into());
    let warning = |limit, text: &str| BudgetWarning { limit, text: text.to_owned() };
    let budget = PlanBudget {
        adds_per_hour: Money::new(Decimal::from(4), "credits"),
        payer: Some(exa.clone()),
        warnings: vec![
            warning(
                BudgetLimit::Runway(exa),
                "northwind would last 12 h at 8 credits an hour; the limit is 24 h",
            ),
            warning(
                BudgetLimit::Month,
                "the month would cost 280 EUR, 180 of it spent by now; the limit is 250 EUR",
            ),
        ],
    };
    ActionPlan { budget: Some(budget), ..plan }
}

fn executed(effects: &[Effect]) -> Vec<bool> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send { request: Request::Execute { is_over_budget_accepted, .. }, .. } => {
            Some(*is_over_budget_accepted)
        }
        _ => None,
    });
    sent.collect()
}

/// The dialog with its plan shown, opened by `p`.
fn shown(stage: &Stage, plans: &[ActionPlan]) -> PlanDialog {
    let requests = plans.iter().map(|plan| plan.request.clone()).collect();
    let mut dialog = PlanDialog::new(requests, &stage.context());
    dialog.set_opening_key(Key::char('p'));
    stage.open(&mut dialog);
    for (ticket, plan) in (0..).zip(plans) {
        stage.reply(&mut dialog, ticket, &Ok(Reply::Plan(Box::new(plan.clone()))));
    }
    dialog
}

fn enter() -> Key {
    Key::parse("enter").expect("a key")
}

#[test]
fn the_second_question_has_another_key_and_cancel_as_its_default() {
    let stage = Stage::new(fixture::fleet(), NOW);
    let plan = over_budget(fixture::provision("812"));
    let mut dialog = shown(&stage, std::slice::from_ref(&plan));
    assert_snapshot!("plan_over_budget", stage.frames(&mut dialog));
    assert_eq!(executed(&stage.press(&mut dialog, &[Key::char('y')])), [] as [bool; 0], "it asks first");
    assert_snapshot!("plan_over_budget_again", stage.frames(&mut dialog));
    assert_eq!(
        executed(&stage.press(&mut dialog, &[Key::char('y')])),
        [] as [bool; 0],
        "y was the first answer"
    );
    let sent = stage.press(&mut dialog, &[Key::parse("f10").unwrap()]);
    assert_eq!(executed(&sent), [true]);

    let mut dialog = shown(&stage, &[plan]);
    stage.press(&mut dialog, &[Key::char('y')]);
    let effects = stage.press(&mut dialog, &[enter()]);
    assert!(matches!(effects.as_slice(), [Effect::Close]), "enter is cancel");
}

#[test]
fn without_a_warning_one_answer_is_enough_and_several_plans_are_asked_together() {
    let stage = Stage::new(fixture::fleet(), NOW);
    let mut dialog = shown(&stage, &[fixture::provision("812")]);
    assert_eq!(executed(&stage.press(&mut dialog, &[Key::char('y')])), [false]);

    let plans = [over_budget(fixture::provision("812")), fixture::provision("815")];
    let mut dialog = shown(&stage, &plans);
    let frame = text(&stage.draw(&mut dialog, 80, 24));
    assert_eq!(frame.matches("over budget:").count(), 2, "{frame}");
    stage.act(&mut dialog, &[Action::Confirm]);
    assert!(text(&stage.draw(&mut dialog, 80, 24)).contains("over the budget?"));
    assert_eq!(executed(&stage.act(&mut dialog, &[Action::Confirm])), [true]);
}

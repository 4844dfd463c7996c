//! The least that a ratatui program with a table of 10,000 rows can do: what the console's key-to-paint time, CPU and
//! bytes are compared with, in the same run. The table is built once and drawn by reference; nothing else is on screen.

use std::io;

use crossterm::event::{self, Event, KeyCode, KeyEventKind};
use ratatui::layout::Constraint;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::{Row, Table, TableState};

fn main() -> io::Result<()> {
    let rows = (0..10_000_u32).map(|number| {
        Row::new(vec![
            format!("server-{number:05}"),
            "running".to_owned(),
            format!("{} %", number % 400),
            format!("{} MiB", 512 + number % 8192),
            format!("198.51.100.{}:{}", number % 250, 25_565 + number % 100),
            format!("order {number}"),
        ])
    });
    let widths = [
        Constraint::Length(16),
        Constraint::Length(10),
        Constraint::Length(8),
        Constraint::Length(10),
        Constraint::Length(22),
        Constraint::Fill(1),
    ];
    let table = Table::new(rows, widths)
        .header(Row::new(vec!["NAME", "STATE", "CPU", "MEMORY", "ADDRESS", "OWNER"]))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut state = TableState::new().with_selected(0);
    let mut terminal = ratatui::init();
    let outcome = loop {
        terminal.draw(|frame| frame.render_stateful_widget(&table, frame.area(), &mut state))?;
        match event::read()? {
            Event::Key(key) if key.kind == KeyEventKind::Press => match key.code {
                KeyCode::Char('q') => break Ok(()),
                KeyCode::Down => state.select_next(),
                KeyCode::Up => state.select_previous(),
                _ => {}
            },
            _ => {}
        }
    };
    ratatui::restore();
    outcome
}

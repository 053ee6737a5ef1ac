//! `GET /`: what goes on, for people. No script, nothing from elsewhere.

use std::fmt::Write;

use crate::namespace::Namespaces;
use crate::stats::Stats;

/// So that a busy server's page stays small.
const MOST_ROWS: usize = 200;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5">
<title>Oarlock</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
table { border-collapse: collapse; width: 100% }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #8884 }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere }
</style>
<h1>Oarlock</h1>
<p>This server hands out locks. Programs connect to
<code>ws://HOST:PORT/v1?namespace=NAME</code>;
<code>/stats_v1?namespace=NAME</code> has a namespace's numbers as JSON.</p>
"#;

/// The page as it is now.
pub fn render(namespaces: &Namespaces) -> String {
    let (count, shown) = namespaces.list(MOST_ROWS);
    let mut html = String::from(HEAD);
    if count == 0 {
        html.push_str("<p>Nobody is connected.</p>\n");
        return html;
    }
    html.push_str(
        "<table><tr><th>namespace<th>connections<th>acquired<th>enqueued<th>abandoned<th>locks so far\n",
    );
    for namespace in &shown {
        let stats = Stats::of(namespace);
        // Writing to a string cannot fail.
        let _ = writeln!(
            html,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}",
            escape(&stats.namespace),
            stats.connections,
            stats.acquired,
            stats.enqueued,
            stats.abandoned,
            stats.last_id,
        );
    }
    html.push_str("</table>\n");
    if count > shown.len() {
        let _ = writeln!(html, "<p>And {} more.</p>", count - shown.len());
    }
    html
}

/// Anyone may choose a namespace's name.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ServerLimits;

    #[test]
    fn names_cannot_become_markup() {
        let namespaces = Namespaces::new(&ServerLimits::default());
        let _member = namespaces.join("<script>'\"&\0").expect("room");
        let html = render(&namespaces);
        assert!(html.contains("&lt;script&gt;&#39;&quot;&amp;\u{fffd}"));
        assert!(!html.contains("<script>"));
    }

    #[test]
    fn long_lists_are_cut() {
        let namespaces = Namespaces::new(&ServerLimits::default());
        let names = (0..MOST_ROWS + 3).map(|n| n.to_string());
        let _members: Vec<_> = names.map(|name| namespaces.join(&name)).collect();
        assert!(render(&namespaces).contains("And 3 more."));
    }
}

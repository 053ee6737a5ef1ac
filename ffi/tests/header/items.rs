//! Cuts what cbindgen gives into declarations with their comments.

/// One declaration.
pub struct Item {
    /// What it declares; of several macros together, the first.
    pub name: String,
    pub text: String,
}

/// The declarations of a header, which stand apart by empty lines.
pub fn cut(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    for piece in text
        .split("\n\n")
        .map(str::trim)
        .filter(|it| !it.is_empty())
    {
        let is_frame = piece.starts_with("#if") || piece.starts_with("#endif") || piece == "}";
        if !is_frame {
            let text: Vec<_> = tidy(piece);
            let declaration = text.iter().find(|line| !is_comment(line));
            let name = declared(declaration.map_or("", String::as_str), &text);
            items.push(Item {
                name,
                text: text.join("\n"),
            });
        }
    }
    items
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("/*") || line.starts_with('*')
}

/// The name of a declaration that begins with this line.
fn declared(first: &str, lines: &[String]) -> String {
    let name_at = |text: &str| {
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        text[..end.unwrap_or(text.len())].to_owned()
    };
    if let Some(rest) = first.strip_prefix("#define ") {
        return name_at(rest);
    }
    if let Some((_, rest)) = first.split_once("(*") {
        return name_at(rest);
    }
    if first.starts_with("typedef") {
        let last = lines.last().map_or("", String::as_str);
        let name = last.trim_end_matches(';').rsplit([' ', '}']).next();
        return name.unwrap_or_default().to_owned();
    }
    let before = first.split('(').next().unwrap_or_default();
    before
        .rsplit([' ', '*'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Comments of one line on one line; negative numbers in parentheses, so that they
/// are one operand everywhere.
fn tidy(piece: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in piece.lines() {
        let trimmed = line.trim_start();
        let indent = &line[..line.len() - trimmed.len()];
        let opens_before =
            |back: usize| lines.len() >= back && lines[lines.len() - back].trim_start() == "/**";
        if trimmed == "*/" && opens_before(2) {
            let text = lines.pop().unwrap_or_default();
            lines.pop();
            // The last line of a comment stands one further in than its first.
            let indent = &indent[..indent.len().saturating_sub(1)];
            let text = text.trim_start().trim_start_matches("* ").to_owned();
            lines.push(format!("{indent}/** {text} */"));
        } else {
            lines.push(parenthesise(line));
        }
    }
    lines
}

fn parenthesise(line: &str) -> String {
    match line.rsplit_once(' ') {
        Some((name, number)) if line.starts_with("#define ") && number.starts_with('-') => {
            format!("{name} ({number})")
        }
        _ => line.to_owned(),
    }
}

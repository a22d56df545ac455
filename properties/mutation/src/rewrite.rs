//! Puts many mutants into one text: each mutated expression asks at run time which one it is.
//!
//! `a < b` becomes `(if !any(&[7, 8]) {a < b} else if is(7) {(a) == (b)} else {(a) > (b)})`, a function whose value is
//! replaced returns early, a match arm that is deleted gets a guard. Read first: `switch.rs`, which answers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::population::{Genre, Mutant};

/// A mutant has no place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// In a constant, which is computed before the mutant could be switched on.
    Constant,
    /// Instead of an `&&` after an `if let`: no Rust.
    LetChain,
    /// Nothing of the kind stands there: this module does not know the syntax.
    Unknown,
}

/// The text with its mutants, and those that it has no place for.
pub(crate) struct Rewritten {
    pub(crate) text: String,
    pub(crate) misfits: Vec<(u32, Misfit)>,
}

/// Rewrites one file. Functions stay `const` only if `stays_const` says so of their name.
pub(crate) fn rewrite(
    source: &str,
    mutants: &[(u32, &Mutant)],
    stays_const: &dyn Fn(&str) -> bool,
) -> syn::Result<Rewritten> {
    let mut places = Places::default();
    places.visit_file(&syn::parse_file(source)?);
    let lines = Lines::of(source);
    let mut edits = Edits::default();
    for function in places.functions.iter().filter(|function| !stays_const(&function.name)) {
        if let Some(keyword) = &function.constness {
            edits.replace(keyword);
        }
    }
    let mut misfits = Vec::new();
    for (number, mutant) in mutants {
        let at = lines.range(mutant);
        if let Err(misfit) = edits.add(*number, mutant, &at, &places, stays_const) {
            misfits.push((*number, misfit));
        }
    }
    Ok(Rewritten { text: edits.render(source, 0..source.len(), None), misfits })
}

/// The number of the mutant whose text this byte of a rewritten text belongs to.
pub(crate) fn mutant_at(text: &str, offset: usize) -> Option<u32> {
    let mut open: Vec<u32> = Vec::new();
    for (at, _) in text.match_indices("/*<").chain(text.match_indices(">*/")).collect::<BTreeMap<_, _>>() {
        if at > offset {
            break;
        }
        let is_start = text[at..].starts_with("/*<");
        if is_start {
            let digits = text[at + 3..].split(|c: char| !c.is_ascii_digit()).next();
            open.push(digits.and_then(|digits| digits.parse().ok())?);
        } else {
            open.pop();
        }
    }
    open.pop()
}

fn bytes(span: Span) -> Range<usize> {
    span.byte_range()
}

struct Function {
    name: String,
    constness: Option<Range<usize>>,
    /// From the opening brace to the closing one.
    body: Range<usize>,
    is_iterator: bool,
}

struct Binary {
    whole: Range<usize>,
    left: Range<usize>,
    right: Range<usize>,
    has_let: bool,
}

struct Arm {
    scrutinee: Range<usize>,
    pattern: Range<usize>,
}

struct Field {
    literal: Range<usize>,
    span: Range<usize>,
}

/// What can be mutated, by where it starts.
#[derive(Default)]
struct Places {
    functions: Vec<Function>,
    /// Where a constant or a static is computed.
    constants: Vec<Range<usize>>,
    binaries: HashMap<usize, Binary>,
    unaries: HashMap<usize, (Range<usize>, Range<usize>)>,
    guards: HashMap<usize, Range<usize>>,
    arms: HashMap<usize, Arm>,
    fields: HashMap<usize, Field>,
}

fn has_let(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

impl Places {
    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let is_iterator = |bound: &syn::TypeParamBound| {
            matches!(bound, syn::TypeParamBound::Trait(named)
                if named.path.segments.last().is_some_and(|segment| segment.ident == "Iterator"))
        };
        let is_iterator = match &signature.output {
            syn::ReturnType::Type(_, kind) => {
                matches!(&**kind, syn::Type::ImplTrait(bounds) if bounds.bounds.iter().any(is_iterator))
            }
            syn::ReturnType::Default => false,
        };
        self.functions.push(Function {
            name: signature.ident.to_string(),
            constness: signature.constness.map(|keyword| bytes(keyword.span)),
            body: bytes(block.span()),
            is_iterator,
        });
    }

    /// The innermost function around this byte.
    fn function_at(&self, at: usize) -> Option<&Function> {
        self.functions.iter().filter(|one| one.body.contains(&at)).min_by_key(|one| one.body.len())
    }
}

impl<'ast> Visit<'ast> for Places {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.constants.push(bytes(item.span()));
        visit::visit_item_const(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.constants.push(bytes(item.span()));
        visit::visit_item_static(self, item);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.constants.push(bytes(item.span()));
        visit::visit_impl_item_const(self, item);
    }

    fn visit_type_array(&mut self, array: &'ast syn::TypeArray) {
        self.constants.push(bytes(array.len.span()));
        visit::visit_type_array(self, array);
    }

    fn visit_expr_repeat(&mut self, array: &'ast syn::ExprRepeat) {
        self.constants.push(bytes(array.len.span()));
        visit::visit_expr_repeat(self, array);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let place = Binary {
            whole: bytes(binary.span()),
            left: bytes(binary.left.span()),
            right: bytes(binary.right.span()),
            has_let: has_let(&binary.left) || has_let(&binary.right),
        };
        self.binaries.insert(bytes(binary.op.span()).start, place);
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        self.unaries.insert(bytes(unary.op.span()).start, (bytes(unary.span()), bytes(unary.expr.span())));
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_match(&mut self, matched: &'ast syn::ExprMatch) {
        for arm in &matched.arms {
            if let Some((_, guard)) = &arm.guard {
                self.guards.insert(bytes(guard.span()).start, bytes(guard.span()));
            }
            let place = Arm { scrutinee: bytes(matched.expr.span()), pattern: bytes(arm.pat.span()) };
            self.arms.insert(bytes(arm.span()).start, place);
        }
        visit::visit_expr_match(self, matched);
    }

    fn visit_expr_struct(&mut self, literal: &'ast syn::ExprStruct) {
        for field in &literal.fields {
            let place = Field { literal: bytes(literal.span()), span: bytes(field.span()) };
            self.fields.insert(place.span.start, place);
        }
        visit::visit_expr_struct(self, literal);
    }
}

/// Line and column of the tool as bytes.
struct Lines<'a>(Vec<&'a str>);

impl<'a> Lines<'a> {
    fn of(source: &'a str) -> Self {
        Self(source.split_inclusive('\n').collect())
    }

    fn offset(&self, line: usize, column: usize) -> usize {
        let before: usize = self.0.iter().take(line - 1).map(|line| line.len()).sum();
        let within: usize =
            self.0.get(line - 1).map_or(0, |line| line.chars().take(column - 1).map(char::len_utf8).sum());
        before + within
    }

    fn range(&self, mutant: &Mutant) -> Range<usize> {
        let (start, end) = (mutant.span.start, mutant.span.end);
        self.offset(start.line, start.column)..self.offset(end.line, end.column)
    }
}

/// A piece of a mutated expression.
enum Piece {
    Text(String),
    Source(Range<usize>),
}

fn text(text: impl Into<String>) -> Piece {
    Piece::Text(text.into())
}

/// What a mutant is put into, or what is put between.
enum Edit {
    Insert(String),
    /// An expression with its mutants; without any, a word that goes.
    Replace(Vec<(u32, Vec<Piece>)>),
}

/// Start and end: what is inserted comes first, then the widest.
type Place = (usize, Reverse<usize>);

#[derive(Default)]
struct Edits(BTreeMap<Place, Edit>);

impl Edits {
    fn add(
        &mut self,
        number: u32,
        mutant: &Mutant,
        at: &Range<usize>,
        places: &Places,
        stays_const: &dyn Fn(&str) -> bool,
    ) -> Result<(), Misfit> {
        let function = places.function_at(at.start);
        let is_const = function.is_some_and(|function| function.constness.is_some() && stays_const(&function.name));
        let inner = function.map_or(0, |function| function.body.start);
        let in_constant =
            places.constants.iter().any(|constant| constant.contains(&at.start) && constant.start > inner);
        if is_const || in_constant || function.is_none() {
            return Err(Misfit::Constant);
        }
        let (whole, pieces) = match mutant.genre {
            Genre::FnValue => {
                self.return_early(number, mutant, function.ok_or(Misfit::Unknown)?);
                return Ok(());
            }
            Genre::MatchArm => {
                let Arm { scrutinee, pattern } = places.arms.get(&at.start).ok_or(Misfit::Unknown)?;
                self.insert(pattern.end, &format!(" if !/*<{number}*/crate::mutant::is({number})/*>*/"));
                // Where the compiler says that the others do not cover it.
                self.insert(scrutinee.start, &format!("/*<{number}*/"));
                self.insert(scrutinee.end, "/*>*/");
                return Ok(());
            }
            Genre::BinaryOperator => {
                let Binary { whole, left, right, has_let } = places.binaries.get(&at.start).ok_or(Misfit::Unknown)?;
                if *has_let {
                    return Err(Misfit::LetChain);
                }
                let middle = text(format!(") {} (", mutant.replacement));
                let (left, right) = (Piece::Source(left.clone()), Piece::Source(right.clone()));
                (whole, vec![text("("), left, middle, right, text(")")])
            }
            Genre::UnaryOperator => {
                let (whole, operand) = places.unaries.get(&at.start).ok_or(Misfit::Unknown)?;
                (whole, vec![Piece::Source(operand.clone())])
            }
            Genre::MatchArmGuard => {
                let guard = places.guards.get(&at.start).ok_or(Misfit::Unknown)?;
                (guard, vec![text(mutant.replacement.clone())])
            }
            Genre::StructField => {
                let Field { literal, span } = places.fields.get(&at.start).ok_or(Misfit::Unknown)?;
                let (before, after) = (literal.start..span.start, at.end.max(span.end)..literal.end);
                (literal, vec![Piece::Source(before), Piece::Source(after)])
            }
        };
        self.replace(whole).push((number, pieces));
        Ok(())
    }

    /// An iterator whose type the function hides needs one type for the mutant's and its own.
    fn return_early(&mut self, number: u32, mutant: &Mutant, function: &Function) {
        let value = if mutant.replacement == "()" { "" } else { &mutant.replacement };
        let (start, end) = (function.body.start + 1, function.body.end - 1);
        if function.is_iterator {
            let open = format!(
                " match /*<{number}*/crate::mutant::is({number}).then(|| {value})/*>*/ {{ \
                 Some(mutant) => crate::mutant::Either::Mutant(mutant), \
                 None => crate::mutant::Either::Own(crate::mutant::once(move || {{"
            );
            self.insert(start, &open);
            self.insert(end, "})) }");
        } else {
            let early = format!(" if crate::mutant::is({number}) {{ /*<{number}*/return {value};/*>*/ }}");
            self.insert(start, &early);
        }
    }

    fn insert(&mut self, at: usize, text: &str) {
        let edit = self.0.entry((at, Reverse(usize::MAX))).or_insert_with(|| Edit::Insert(String::new()));
        if let Edit::Insert(so_far) = edit {
            so_far.push_str(text);
        }
    }

    fn replace(&mut self, whole: &Range<usize>) -> &mut Vec<(u32, Vec<Piece>)> {
        let edit = self.0.entry((whole.start, Reverse(whole.end))).or_insert_with(|| Edit::Replace(Vec::new()));
        match edit {
            Edit::Replace(mutants) => mutants,
            Edit::Insert(_) => unreachable!("no source ends at the largest offset"),
        }
    }

    /// A part of the source with the edits within it; of an expression, without the edit of the expression itself.
    fn render(&self, source: &str, part: Range<usize>, around: Option<Place>) -> String {
        let mut out = String::new();
        let mut at = part.start;
        for (place, edit) in self.0.range((part.start, Reverse(usize::MAX))..(part.end, Reverse(usize::MAX))) {
            let start = place.0;
            if start < at || Some(*place) == around {
                continue;
            }
            match edit {
                // What is inserted before a part belongs to what is around it.
                Edit::Insert(_) if start == part.start => {}
                Edit::Insert(text) => {
                    out.push_str(&source[at..start]);
                    out.push_str(text);
                    at = start;
                }
                Edit::Replace(mutants) if place.1.0 <= part.end => {
                    out.push_str(&source[at..start]);
                    out.push_str(&self.switch(source, *place, mutants));
                    at = place.1.0;
                }
                Edit::Replace(_) => {}
            }
        }
        out + &source[at..part.end]
    }

    fn switch(&self, source: &str, place: Place, mutants: &[(u32, Vec<Piece>)]) -> String {
        let Some(((last, pieces), others)) = mutants.split_last() else { return String::new() };
        let render = |number: &u32, pieces: &[Piece]| {
            let mutant = pieces.iter().fold(String::new(), |so_far, piece| match piece {
                Piece::Text(text) => so_far + text,
                Piece::Source(part) => so_far + &self.render(source, part.clone(), Some(place)),
            });
            format!("{{ /*<{number}*/{mutant}/*>*/ }}")
        };
        let own = self.render(source, place.0..place.1.0, Some(place));
        let numbers: Vec<_> = mutants.iter().map(|(number, _)| number.to_string()).collect();
        let mut out = format!("(if !crate::mutant::any(&[{}]) {{ {own} }}", numbers.join(", "));
        for (number, pieces) in others {
            let _ = write!(out, " else if crate::mutant::is({number}) {}", render(number, pieces));
        }
        let _ = write!(out, " else {})", render(last, pieces));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::{Point, Span};

    /// A mutant of the only place where `replaced` stands in the source.
    fn mutant(source: &str, genre: Genre, replaced: &str, replacement: &str) -> Mutant {
        let start = source.find(replaced).unwrap_or_else(|| panic!("{replaced} in {source}"));
        let point = |offset: usize| Point {
            line: source[..offset].matches('\n').count() + 1,
            column: source[..offset].chars().rev().take_while(|c| *c != '\n').count() + 1,
        };
        let span = Span { start: point(start), end: point(start + replaced.len()) };
        Mutant { name: String::new(), file: String::new(), span, replacement: replacement.to_owned(), genre }
    }

    fn rewritten(source: &str, mutants: &[Mutant]) -> Rewritten {
        let numbered: Vec<_> = (1..).zip(mutants).collect();
        let done = rewrite(source, &numbered, &|name| name == "kept").expect("Rust");
        syn::parse_file(&done.text).unwrap_or_else(|error| panic!("{error}: {}", done.text));
        done
    }

    #[test]
    fn each_kind_of_mutant_has_its_form() {
        let table = [
            (
                "fn f() -> bool { é(1) < b }",
                Genre::BinaryOperator,
                "<",
                "==",
                "fn f() -> bool { (if !crate::mutant::any(&[1]) { é(1) < b } else { /*<1*/(é(1)) == (b)/*>*/ }) }",
            ),
            (
                "fn f() -> bool { !b }",
                Genre::UnaryOperator,
                "!",
                "",
                "fn f() -> bool { (if !crate::mutant::any(&[1]) { !b } else { /*<1*/b/*>*/ }) }",
            ),
            (
                "const fn f() { g(); }",
                Genre::FnValue,
                "g();",
                "()",
                " fn f() { if crate::mutant::is(1) { /*<1*/return ;/*>*/ } g(); }",
            ),
            (
                "fn f() { match a { B => c, _ => d } }",
                Genre::MatchArm,
                "B => c,",
                "",
                "fn f() { match /*<1*/a/*>*/ { B if !/*<1*/crate::mutant::is(1)/*>*/ => c, _ => d } }",
            ),
            (
                "fn f() { match a { B if e => c, _ => d } }",
                Genre::MatchArmGuard,
                "e ",
                "true",
                "fn f() { match a { B if (if !crate::mutant::any(&[1]) { e } else { /*<1*/true/*>*/ }) => c, _ => d } }",
            ),
            (
                "fn f() -> A { A { b: 1, c: 2, ..d } }",
                Genre::StructField,
                "b: 1,",
                "",
                "fn f() -> A { (if !crate::mutant::any(&[1]) { A { b: 1, c: 2, ..d } } \
                 else { /*<1*/A {  c: 2, ..d }/*>*/ }) }",
            ),
        ];
        for (source, genre, replaced, replacement, expected) in table {
            let done = rewritten(source, &[mutant(source, genre, replaced, replacement)]);
            assert_eq!(done.text, expected);
            assert_eq!(done.misfits, []);
        }
    }

    #[test]
    fn mutants_within_mutants_are_all_there() {
        let source = "fn f() -> bool {a + 1 < b && !c}";
        let mutants = [
            mutant(source, Genre::FnValue, "a + 1 < b && !c", "true"),
            mutant(source, Genre::BinaryOperator, "&&", "||"),
            mutant(source, Genre::BinaryOperator, "<", "=="),
            mutant(source, Genre::BinaryOperator, "<", ">"),
            mutant(source, Genre::BinaryOperator, "+", "-"),
            mutant(source, Genre::UnaryOperator, "!", ""),
        ];
        let text = rewritten(source, &mutants).text;
        for number in 1..=6 {
            let at = text.find(&format!("/*<{number}*/")).unwrap_or_else(|| panic!("{number} in {text}"));
            assert_eq!(mutant_at(&text, at + 6), Some(number), "{text}");
        }
        assert_eq!(mutant_at(&text, 3), None);
        assert_eq!(mutant_at(&text, text.len() - 1), None);
        assert_eq!(text.matches("return true").count(), 1, "{text}");
    }

    #[test]
    fn a_hidden_iterator_is_one_of_two() {
        let source = "fn f(&self) -> impl Iterator<Item = u8> + '_ { g() }";
        let text = rewritten(source, &[mutant(source, Genre::FnValue, "g()", "::std::iter::empty()")]).text;
        assert!(
            text.contains("Either::Mutant(mutant)")
                && text.contains("Either::Own(crate::mutant::once(move || { g() })) }"),
            "{text}"
        );
    }

    #[test]
    fn what_has_no_place_is_named() {
        let table = [
            ("const A: u8 = 1 + 2;", Misfit::Constant),
            ("fn f() -> u8 { const A: u8 = 1 + 2; A }", Misfit::Constant),
            ("const fn kept() -> u8 { 1 + 2 }", Misfit::Constant),
            ("fn f() { if let Some(b) = a + c { } }", Misfit::Unknown),
        ];
        for (source, expected) in table {
            let genre = if expected == Misfit::Unknown { Genre::UnaryOperator } else { Genre::BinaryOperator };
            let done = rewritten(source, &[mutant(source, genre, "+", "-")]);
            assert_eq!(done.misfits, [(1, expected)], "{source}");
            assert_eq!(done.text, source);
        }
        let source = "fn f() { if let Some(b) = a && c { } }";
        let done = rewritten(source, &[mutant(source, Genre::BinaryOperator, "&&", "||")]);
        assert_eq!(done.misfits, [(1, Misfit::LetChain)]);
    }
}

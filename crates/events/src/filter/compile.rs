//! Compiles the syntax tree, with all checks that need no events: names, numbers of arguments,
//! regular expressions, and kinds where they are known.

use cel::IdedExpr;
use cel::Program;
use cel::common::ast::CallExpr;
use cel::common::ast::Expr;
use cel::common::ast::LiteralValue;
use cel::common::ast::SelectExpr;
use cel::common::ast::operators;
use jiff::Timestamp;
use regex::Regex;

use super::error::Wrong;
use super::fields;
use super::functions;
use super::kind::Kind;
use super::node::Arithmetic;
use super::node::Comparison;
use super::node::Function;
use super::node::Literal;
use super::node::Loop;
use super::node::LoopKind;
use super::node::Node;
use crate::schema::Field;

/// How deeply a filter may be nested; the evaluation recurses as deeply.
const MOST_DEPTH: usize = 200;

/// A field, and the position of its first use in the filter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) field: &'static Field,
    pub(super) at: usize,
}

/// A compiled filter: its root, and the fields that it asks for.
pub(super) fn compile(text: &str, program: &Program) -> Result<(Node, Vec<Wanted>), Wrong> {
    let mut compiler = Compiler {
        text: text.chars().collect(),
        program,
        wanted: Vec::new(),
        variables: Vec::new(),
        depth: 0,
    };
    let root = program.expression();
    let node = compiler.condition(root)?;
    Ok((node, compiler.wanted))
}

struct Compiler<'p> {
    text: Vec<char>,
    program: &'p Program,
    wanted: Vec<Wanted>,
    variables: Vec<(String, Kind)>,
    depth: usize,
}

type Compiled = Result<(Node, Kind), Wrong>;

impl Compiler<'_> {
    fn compile(&mut self, expr: &IdedExpr) -> Compiled {
        if self.depth == MOST_DEPTH {
            return Err(self.wrong(expr, "this is nested too deeply"));
        }
        self.depth += 1;
        let compiled = match &expr.expr {
            Expr::Literal(literal) => self.literal(expr, literal),
            Expr::Ident(name) => self.ident(expr, name),
            Expr::Select(select) => self.select(expr, select),
            Expr::List(list) => self.list(&list.elements),
            Expr::Call(call) => self.call(expr, call),
            Expr::Map(_) | Expr::Struct(_) => Err(self.wrong(expr, "filters make no objects")),
            Expr::Comprehension(_) | Expr::Unspecified => {
                Err(self.wrong(expr, "this cannot be evaluated"))
            }
        };
        self.depth -= 1;
        compiled
    }

    fn literal(&self, expr: &IdedExpr, literal: &LiteralValue) -> Compiled {
        let (literal, kind) = match literal {
            LiteralValue::Null => (Literal::Null, Kind::Null),
            LiteralValue::Boolean(value) => (Literal::Bool(*value.inner()), Kind::Bool),
            LiteralValue::Int(value) => (Literal::Int(*value.inner()), Kind::Number),
            LiteralValue::Double(value) => (Literal::Double(*value.inner()), Kind::Number),
            LiteralValue::String(value) => (Literal::Text(value.inner().to_owned()), Kind::Text),
            LiteralValue::UInt(_) => {
                return Err(self.wrong(expr, "all numbers are signed: leave the u out"));
            }
            LiteralValue::Bytes(_) => {
                return Err(self.wrong(expr, "no field holds bytes: leave the b out"));
            }
        };
        Ok((Node::Literal(literal), kind))
    }

    fn ident(&mut self, expr: &IdedExpr, name: &str) -> Compiled {
        let variable = self.variables.iter().rposition(|(known, _)| known == name);
        if let Some(depth) = variable {
            return Ok((Node::Variable(depth), self.variables[depth].1));
        }
        let Some(field) = fields::find(name) else {
            let wrong = self.wrong(expr, format!("there is no field {name}"));
            return Err(wrong.help(fields::suggest(name)));
        };
        let known = self.wanted.iter().position(|want| want.field == field);
        let place = known.unwrap_or_else(|| {
            let at = self.at(expr);
            self.wanted.push(Wanted { field, at });
            self.wanted.len() - 1
        });
        Ok((Node::Field(place), fields::kind(field)))
    }

    fn select(&mut self, expr: &IdedExpr, select: &SelectExpr) -> Compiled {
        let operand = self.operand(expr, select)?;
        Ok((
            Node::Select(Box::new(operand), select.field.clone()),
            Kind::Any,
        ))
    }

    /// The object that a field is selected from.
    fn operand(&mut self, expr: &IdedExpr, select: &SelectExpr) -> Result<Node, Wrong> {
        let (operand, kind) = self.compile(&select.operand)?;
        let field = select.field.as_str();
        match kind {
            Kind::Any => {}
            Kind::Object(names) if names.contains(&field) => {}
            Kind::Object(names) => {
                let wrong = self.wrong(expr, format!("there is no .{field} in this"));
                return Err(wrong.help(format!("it has {}", names.join(", "))));
            }
            _ => {
                let message = format!("{} has no fields, so no .{field}", kind.name());
                return Err(self.wrong(expr, message));
            }
        }
        Ok(operand)
    }

    fn list(&mut self, elements: &[IdedExpr]) -> Compiled {
        let nodes = elements
            .iter()
            .map(|element| self.compile(element).map(|(node, _)| node));
        Ok((Node::List(nodes.collect::<Result<_, _>>()?), Kind::List))
    }

    fn call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Compiled {
        let name = call.func_name.as_str();
        match (&call.target, call.args.as_slice()) {
            (None, [operand]) if name == operators::LOGICAL_NOT => {
                let operand = self.condition(operand)?;
                Ok((Node::Not(Box::new(operand)), Kind::Bool))
            }
            (None, [operand]) if name == operators::NEGATE => {
                let operand = self.of_kind(operand, Kind::Number)?;
                Ok((Node::Negate(Box::new(operand)), Kind::Number))
            }
            (None, [left, right]) if name.starts_with('_') || name.starts_with('@') => {
                self.binary(expr, name, left, right)
            }
            (None, [condition, yes, no]) if name == operators::CONDITIONAL => {
                self.choice(condition, yes, no)
            }
            (None, [_]) if name == operators::HAS => self.has(&call.args[0]),
            (Some(range), arguments) if functions::find_loop(name).is_some() => {
                self.loop_over(expr, name, range, arguments)
            }
            (Some(subject), [pattern]) if name == "matches" => self.matches(subject, pattern),
            (None, [subject, pattern]) if name == "matches" => self.matches(subject, pattern),
            _ => self.function(expr, call),
        }
    }

    fn binary(
        &mut self,
        expr: &IdedExpr,
        name: &str,
        left: &IdedExpr,
        right: &IdedExpr,
    ) -> Compiled {
        use operators as is;
        match name {
            is::LOGICAL_AND => Ok((Node::And(self.conditions(left, right)?), Kind::Bool)),
            is::LOGICAL_OR => Ok((Node::Or(self.conditions(left, right)?), Kind::Bool)),
            is::EQUALS => self.compare(expr, Comparison::Equal, left, right),
            is::NOT_EQUALS => self.compare(expr, Comparison::NotEqual, left, right),
            is::LESS => self.compare(expr, Comparison::Less, left, right),
            is::LESS_EQUALS => self.compare(expr, Comparison::LessOrEqual, left, right),
            is::GREATER => self.compare(expr, Comparison::Greater, left, right),
            is::GREATER_EQUALS => self.compare(expr, Comparison::GreaterOrEqual, left, right),
            is::ADD => self.calculate(Arithmetic::Add, left, right),
            is::SUBSTRACT => self.calculate(Arithmetic::Subtract, left, right),
            is::MULTIPLY => self.calculate(Arithmetic::Multiply, left, right),
            is::DIVIDE => self.calculate(Arithmetic::Divide, left, right),
            is::MODULO => self.calculate(Arithmetic::Remainder, left, right),
            is::IN => self.contained(expr, left, right),
            is::INDEX => self.index(expr, left, right),
            _ => Err(self.wrong(expr, "this operator is not for filters")),
        }
    }

    fn conditions(&mut self, left: &IdedExpr, right: &IdedExpr) -> Result<Box<[Node; 2]>, Wrong> {
        Ok(Box::new([self.condition(left)?, self.condition(right)?]))
    }

    fn condition(&mut self, expr: &IdedExpr) -> Result<Node, Wrong> {
        let (node, kind) = self.compile(expr)?;
        if kind.may_be(Kind::Bool) {
            return Ok(node);
        }
        let message = format!("this is {}, not a condition", kind.name());
        let wrong = self.wrong(expr, message);
        Err(wrong.help("a condition is true or false, such as uid == 0 or comm.contains(\"sh\")"))
    }

    fn of_kind(&mut self, expr: &IdedExpr, wanted: Kind) -> Result<Node, Wrong> {
        let (node, kind) = self.compile(expr)?;
        if kind.may_be(wanted) {
            return Ok(node);
        }
        let message = format!("this is {}, and should be {}", kind.name(), wanted.name());
        Err(self.wrong(expr, message))
    }

    fn compare(
        &mut self,
        expr: &IdedExpr,
        how: Comparison,
        left: &IdedExpr,
        right: &IdedExpr,
    ) -> Compiled {
        let (left, kind) = self.compile(left)?;
        let (right, other) = self.compile(right)?;
        let is_order = !matches!(how, Comparison::Equal | Comparison::NotEqual);
        match is_order {
            true => self.orderable(expr, kind, other)?,
            false => self.comparable(expr, kind, other)?,
        }
        Ok((Node::Compare(how, Box::new([left, right])), Kind::Bool))
    }

    /// Whether one value can be less than another: neither null, nor of another kind.
    fn orderable(&self, expr: &IdedExpr, kind: Kind, other: Kind) -> Result<(), Wrong> {
        let has_order = |kind| {
            matches!(
                kind,
                Kind::Any | Kind::Number | Kind::Text | Kind::Time | Kind::Bool
            )
        };
        match [kind, other].into_iter().find(|kind| !has_order(*kind)) {
            Some(kind) => {
                let message = format!("{} is neither less nor greater than anything", kind.name());
                Err(self.wrong(expr, message))
            }
            None => self.comparable(expr, kind, other),
        }
    }

    fn comparable(&self, expr: &IdedExpr, kind: Kind, other: Kind) -> Result<(), Wrong> {
        if kind.may_equal(other) {
            return Ok(());
        }
        let message = format!("{} is never equal to {}", kind.name(), other.name());
        let wrong = self.wrong(expr, message);
        Err(match (kind, other) {
            (Kind::Text, Kind::Time) | (Kind::Time, Kind::Text) => {
                wrong.help("timestamp(time) makes a timestamp of a text")
            }
            (Kind::Text, Kind::Number) | (Kind::Number, Kind::Text) => {
                wrong.help("numbers are written without quotes, texts with them")
            }
            _ => wrong,
        })
    }

    fn calculate(&mut self, how: Arithmetic, left: &IdedExpr, right: &IdedExpr) -> Compiled {
        if how == Arithmetic::Add {
            let (left, kind) = self.summand(left)?;
            let right = self.of_kind(right, kind)?;
            return Ok((Node::Calculate(how, Box::new([left, right])), kind));
        }
        let left = self.of_kind(left, Kind::Number)?;
        let right = self.of_kind(right, Kind::Number)?;
        Ok((Node::Calculate(how, Box::new([left, right])), Kind::Number))
    }

    fn summand(&mut self, expr: &IdedExpr) -> Compiled {
        let (node, kind) = self.compile(expr)?;
        if [Kind::Number, Kind::Text, Kind::List]
            .iter()
            .any(|sum| kind.may_be(*sum))
        {
            return Ok((node, kind));
        }
        Err(self.wrong(expr, format!("{} cannot be added to anything", kind.name())))
    }

    fn contained(&mut self, expr: &IdedExpr, left: &IdedExpr, right: &IdedExpr) -> Compiled {
        let (needle, kind) = self.compile(left)?;
        let (list, list_kind) = self.compile(right)?;
        if !matches!(list_kind, Kind::Object(_)) && !list_kind.may_be(Kind::List) {
            let message = format!("in asks for a list, and this is {}", list_kind.name());
            let wrong = self.wrong(right, message);
            return Err(wrong.help("of a part of a text: comm.contains(\"sh\")"));
        }
        self.comparable(expr, kind, list_kind.element())?;
        self.comparable_elements(kind, right)?;
        let node = match list {
            Node::List(nodes) if nodes.iter().all(|node| matches!(node, Node::Literal(_))) => {
                let literals = nodes.into_iter().filter_map(|node| match node {
                    Node::Literal(literal) => Some(literal),
                    _ => None,
                });
                Node::OneOf(Box::new(needle), literals.collect())
            }
            list => Node::In(Box::new([needle, list])),
        };
        Ok((node, Kind::Bool))
    }

    /// Whether each element of a list in the filter's text can be equal to a value of this kind.
    fn comparable_elements(&mut self, kind: Kind, list: &IdedExpr) -> Result<(), Wrong> {
        let Expr::List(list) = &list.expr else {
            return Ok(());
        };
        for element in &list.elements {
            let (_, element_kind) = self.compile(element)?;
            self.comparable(element, kind, element_kind)?;
        }
        Ok(())
    }

    fn index(&mut self, expr: &IdedExpr, left: &IdedExpr, right: &IdedExpr) -> Compiled {
        let (range, kind) = self.compile(left)?;
        let (index, index_kind) = self.compile(right)?;
        let expected = match kind {
            Kind::Any => Kind::Any,
            Kind::Object(_) => Kind::Text,
            _ if kind.may_be(Kind::List) => Kind::Number,
            _ => return Err(self.wrong(expr, format!("this is {}, not a list", kind.name()))),
        };
        if !index_kind.may_be(expected) {
            let message = format!("this is found by {}", expected.name());
            return Err(self.wrong(right, message));
        }
        Ok((Node::Index(Box::new([range, index])), kind.element()))
    }

    fn choice(&mut self, condition: &IdedExpr, yes: &IdedExpr, no: &IdedExpr) -> Compiled {
        let condition = self.condition(condition)?;
        let (yes, kind) = self.compile(yes)?;
        let (other_node, other) = self.compile(no)?;
        if !kind.may_equal(other) {
            let message = format!(
                "this is {}, and the value before the colon is {}",
                other.name(),
                kind.name()
            );
            let wrong = self.wrong(no, message);
            return Err(wrong.help("both values of ? : are of the same type"));
        }
        let node = Node::If(Box::new([condition, yes, other_node]));
        Ok((node, kind.or(other)))
    }

    fn has(&mut self, expr: &IdedExpr) -> Compiled {
        let Expr::Select(select) = &expr.expr else {
            let wrong = self.wrong(
                expr,
                "has() asks for a field of an object: has(container.id)",
            );
            return Err(wrong.help("of a field itself: exe != null"));
        };
        let operand = self.operand(expr, select)?;
        Ok((
            Node::Has(Box::new(operand), select.field.clone()),
            Kind::Bool,
        ))
    }

    fn loop_over(
        &mut self,
        expr: &IdedExpr,
        name: &str,
        range: &IdedExpr,
        arguments: &[IdedExpr],
    ) -> Compiled {
        let kind = functions::find_loop(name).expect("it was found before");
        let (variable, condition, body) = match arguments {
            [variable, body] => (variable, None, body),
            [variable, condition, body] if kind == LoopKind::Map => {
                (variable, Some(condition), body)
            }
            _ => {
                let message = format!("{name} asks for a name and a condition");
                let wrong = self.wrong_name(expr, name, message);
                return Err(wrong.help("such as args.exists(a, a.startsWith(\"-O\"))"));
            }
        };
        let Expr::Ident(variable_name) = &variable.expr else {
            return Err(self.wrong(variable, "a name for each element belongs here"));
        };
        let (range_node, range_kind) = self.compile(range)?;
        if !matches!(range_kind, Kind::Object(_)) && !range_kind.may_be(Kind::List) {
            let message = format!(
                "{name} goes through lists, and this is {}",
                range_kind.name()
            );
            return Err(self.wrong(range, message));
        }
        let element = range_kind.element();
        self.variables.push((variable_name.clone(), element));
        let compiled = self.body_of_loop(kind, condition, body);
        self.variables.pop();
        let (condition, body) = compiled?;
        let gives = match kind {
            LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne => Kind::Bool,
            LoopKind::Filter if range_kind != Kind::Any => range_kind,
            LoopKind::Filter | LoopKind::Map => Kind::List,
        };
        let done = Loop {
            kind,
            range: range_node,
            body,
            condition,
        };
        Ok((Node::Loop(Box::new(done)), gives))
    }

    fn body_of_loop(
        &mut self,
        kind: LoopKind,
        condition: Option<&IdedExpr>,
        body: &IdedExpr,
    ) -> Result<(Option<Node>, Node), Wrong> {
        let condition = condition.map(|expr| self.condition(expr)).transpose()?;
        let body = match kind {
            LoopKind::Map => self.compile(body)?.0,
            _ => self.condition(body)?,
        };
        Ok((condition, body))
    }

    /// The pattern must be a literal, because it is compiled once.
    fn matches(&mut self, subject: &IdedExpr, pattern: &IdedExpr) -> Compiled {
        let subject = self.of_kind(subject, Kind::Text)?;
        let (Node::Literal(Literal::Text(regex)), _) = self.compile(pattern)? else {
            let message = "matches asks for a regular expression in quotes";
            return Err(self.wrong(pattern, message));
        };
        let regex = Regex::new(&regex).map_err(|error| {
            let wrong = self.wrong(pattern, "this is not a regular expression");
            wrong.help(error.to_string())
        })?;
        Ok((Node::Matches(Box::new(subject), regex), Kind::Bool))
    }

    fn function(&mut self, expr: &IdedExpr, call: &CallExpr) -> Compiled {
        let name = call.func_name.as_str();
        let member = call.target.is_some();
        let Some(signature) = functions::find(name, member) else {
            return Err(self.no_function(expr, name, member));
        };
        let arguments: Vec<&IdedExpr> = call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .collect();
        if arguments.len() != signature.takes.len() {
            let takes = signature.takes.len() - usize::from(member);
            let message = format!("{name} takes {takes} arguments, not {}", call.args.len());
            return Err(self.wrong_name(expr, name, message));
        }
        let mut nodes = Vec::new();
        for (argument, kinds) in arguments.iter().zip(signature.takes) {
            nodes.push(self.of_one_kind(argument, kinds)?);
        }
        if signature.function == Function::Timestamp
            && let [Node::Literal(Literal::Text(text))] = &nodes[..]
            && text.parse::<Timestamp>().is_err()
        {
            let wrong = self.wrong(arguments[0], "this is not a time");
            return Err(wrong.help("a time is written as \"2026-11-23T09:49:07Z\""));
        }
        Ok((Node::Call(signature.function, nodes), signature.gives))
    }

    fn of_one_kind(&mut self, expr: &IdedExpr, wanted: &[Kind]) -> Result<Node, Wrong> {
        let (node, kind) = self.compile(expr)?;
        if wanted.iter().any(|wanted| kind.may_be(*wanted)) {
            return Ok(node);
        }
        let names: Vec<_> = wanted.iter().map(|kind| kind.name()).collect();
        let names = match &names[..] {
            [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
            names => names.concat(),
        };
        let message = format!("this is {}, and should be {names}", kind.name());
        Err(self.wrong(expr, message))
    }

    fn no_function(&self, expr: &IdedExpr, name: &str, member: bool) -> Wrong {
        let known = functions::NAMES.contains(&name);
        let message = match (known, member) {
            (true, true) => format!("{name} is not called in this way"),
            (true, false) => format!("{name} is called on something, or with other arguments"),
            (false, _) => format!("there is no function {name}"),
        };
        let near = match known {
            true => String::new(),
            false => fields::nearest(name, functions::NAMES.into_iter()),
        };
        let wrong = self.wrong_name(expr, name, message);
        wrong.help(format!("{near}\n{}", functions::ALL).trim_start())
    }

    fn wrong(&self, expr: &IdedExpr, message: impl Into<String>) -> Wrong {
        Wrong::new(self.at(expr), message)
    }

    /// Points at the name of a function; the parser points at the parenthesis behind it.
    fn wrong_name(&self, expr: &IdedExpr, name: &str, message: impl Into<String>) -> Wrong {
        let parenthesis = self.at(expr);
        let len = name.chars().count();
        let before = self.text.get(..parenthesis).unwrap_or_default();
        let blanks = before
            .iter()
            .rev()
            .take_while(|c| c.is_whitespace())
            .count();
        Wrong::new(parenthesis.saturating_sub(blanks + len), message)
    }

    fn at(&self, expr: &IdedExpr) -> usize {
        let offset = self.program.source_info().offset_for(expr.id);
        let bytes = offset.map_or(0, |(start, _)| start as usize);
        let mut ends = self.text.iter().scan(0, |end, char| {
            *end += char.len_utf8();
            Some(*end)
        });
        ends.position(|end| end > bytes).unwrap_or(self.text.len())
    }
}

//! Evaluation with the semantics of CEL: an error is a result like any other, and `&&` and `||`
//! ignore it if their other operand decides alone.
//!
//! Every step is counted, and the evaluation is aborted when it exceeds the limit for one event.

use std::cmp::Ordering;
use std::rc::Rc;

use jiff::Timestamp;

use super::node::Arithmetic;
use super::node::Comparison;
use super::node::Function;
use super::node::Literal;
use super::node::Loop;
use super::node::LoopKind;
use super::node::Node;
use super::value::Elements;
use super::value::Value;
use crate::record::Record;
use crate::record::Span;
use crate::record::Stored;

/// The most steps for one event: enough to go through the most arguments that a kernel
/// takes (some 700,000) with a condition of a dozen parts, and done in about a quarter of a second.
pub(super) const MOST_STEPS: u64 = 10_000_000;

/// Bytes of text that are looked at in one step.
const BYTES_A_STEP: usize = 16;

/// The reason for a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// A field is missing, or a value cannot be used in this way.
    Error,
    /// There were too many steps.
    Exhausted,
}

type Evaluated<'a> = Result<Value<'a>, Fault>;

/// The result of a condition.
pub(super) fn decide(root: &Node, record: &Record) -> Result<bool, Fault> {
    let mut evaluation = Evaluation {
        record,
        variables: Vec::new(),
        steps: MOST_STEPS,
    };
    evaluation.truth(root)
}

struct Evaluation<'a> {
    record: &'a Record,
    /// The current elements of the enclosing loops, the outermost first.
    variables: Vec<Value<'a>>,
    /// The number of steps left.
    steps: u64,
}

impl<'a> Evaluation<'a> {
    fn take(&mut self, steps: usize) -> Result<(), Fault> {
        let left = self.steps.checked_sub(steps as u64);
        self.steps = left.ok_or(Fault::Exhausted)?;
        Ok(())
    }

    fn take_for_text(&mut self, bytes: usize) -> Result<(), Fault> {
        self.take(bytes / BYTES_A_STEP)
    }

    fn value(&mut self, node: &'a Node) -> Evaluated<'a> {
        self.take(1)?;
        match node {
            Node::Literal(literal) => Ok(literal.into()),
            Node::Field(place) => {
                let stored = self.record.field(*place).ok_or(Fault::Error)?;
                Ok(Value::of(stored, self.record))
            }
            Node::Variable(depth) => self.variables.get(*depth).cloned().ok_or(Fault::Error),
            Node::Select(object, name) => self.select(object, name)?.ok_or(Fault::Error),
            Node::Has(object, name) => Ok(Value::Bool(self.select(object, name)?.is_some())),
            Node::Index(operands) => self.index(operands),
            Node::Not(operand) => Ok(Value::Bool(!self.truth(operand)?)),
            Node::Negate(operand) => self.negate(operand),
            Node::And(operands) => self.joined(operands, false),
            Node::Or(operands) => self.joined(operands, true),
            Node::If(operands) => {
                let [condition, yes, no] = &**operands;
                let chosen = if self.truth(condition)? { yes } else { no };
                self.value(chosen)
            }
            Node::Compare(how, operands) => self.compare(*how, operands),
            Node::Calculate(how, operands) => self.calculate(*how, operands),
            Node::In(operands) => self.contained(operands),
            Node::OneOf(needle, literals) => self.one_of(needle, literals),
            Node::List(nodes) => self.list(nodes),
            Node::Loop(of) => self.go_through(of),
            Node::Call(function, arguments) => self.call(*function, arguments),
            Node::Matches(subject, regex) => {
                let subject = self.value(subject)?;
                let text = subject.as_text().ok_or(Fault::Error)?;
                self.take(text.len())?;
                Ok(Value::Bool(regex.is_match(text)))
            }
        }
    }

    fn truth(&mut self, node: &'a Node) -> Result<bool, Fault> {
        match self.value(node)? {
            Value::Bool(value) => Ok(value),
            _ => Err(Fault::Error),
        }
    }

    /// `&&` and `||`: the result that decides alone does so for every value of the other operand.
    fn joined(&mut self, operands: &'a [Node; 2], decides: bool) -> Evaluated<'a> {
        let [left, right] = operands;
        let left = match self.truth(left) {
            Err(Fault::Exhausted) => return Err(Fault::Exhausted),
            Ok(value) if value == decides => return Ok(Value::Bool(decides)),
            left => left,
        };
        match self.truth(right)? {
            value if value == decides => Ok(Value::Bool(decides)),
            _ => left.map(Value::Bool),
        }
    }

    /// A field of an object, if that has it.
    fn select(&mut self, object: &'a Node, name: &str) -> Result<Option<Value<'a>>, Fault> {
        match self.value(object)? {
            Value::Object(entries) => self.entry(entries, name),
            _ => Err(Fault::Error),
        }
    }

    fn entry(
        &mut self,
        entries: &'a [(Span, Stored)],
        name: &str,
    ) -> Result<Option<Value<'a>>, Fault> {
        self.take(entries.len())?;
        let record = self.record;
        let found = entries.iter().find(|(key, _)| record.text(*key) == name);
        Ok(found.map(|(_, stored)| Value::of(stored, record)))
    }

    fn index(&mut self, operands: &'a [Node; 2]) -> Evaluated<'a> {
        let (range, index) = (self.value(&operands[0])?, self.value(&operands[1])?);
        match (range, &index) {
            (Value::Object(entries), index) => {
                let name = index.as_text().ok_or(Fault::Error)?;
                self.entry(entries, name)?.ok_or(Fault::Error)
            }
            (range, Value::Int(index)) => {
                let index = usize::try_from(*index).map_err(|_| Fault::Error)?;
                let elements = self.elements(range)?;
                elements.get(index, self.record).ok_or(Fault::Error)
            }
            _ => Err(Fault::Error),
        }
    }

    fn negate(&mut self, operand: &'a Node) -> Evaluated<'a> {
        match self.value(operand)? {
            Value::Int(value) => value.checked_neg().map(Value::Int).ok_or(Fault::Error),
            Value::Double(value) => Ok(Value::Double(-value)),
            _ => Err(Fault::Error),
        }
    }

    fn compare(&mut self, how: Comparison, operands: &'a [Node; 2]) -> Evaluated<'a> {
        let (left, right) = (self.value(&operands[0])?, self.value(&operands[1])?);
        let answer = match how {
            Comparison::Equal => self.equal(&left, &right)?,
            Comparison::NotEqual => !self.equal(&left, &right)?,
            _ => {
                let order = self.order(&left, &right)?;
                match how {
                    Comparison::Less => order.is_lt(),
                    Comparison::LessOrEqual => order.is_le(),
                    Comparison::Greater => order.is_gt(),
                    _ => order.is_ge(),
                }
            }
        };
        Ok(Value::Bool(answer))
    }

    /// Null equals only null, and values of different kinds are not equal.
    fn equal(&mut self, left: &Value<'a>, right: &Value<'a>) -> Result<bool, Fault> {
        if let (Some(left), Some(right)) = (left.as_text(), right.as_text()) {
            self.take_for_text(left.len().min(right.len()))?;
            return Ok(left == right);
        }
        match (left, right) {
            (Value::Null, Value::Null) => Ok(true),
            (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
            (Value::Int(left), Value::Int(right)) => Ok(left == right),
            (Value::Time(left), Value::Time(right)) => Ok(left == right),
            (Value::Object(left), Value::Object(right)) => Ok(std::ptr::eq(*left, *right)),
            (Value::List(_) | Value::MadeList(_), Value::List(_) | Value::MadeList(_)) => {
                self.equal_lists(left.clone(), right.clone())
            }
            _ => Ok(left.as_number().is_some() && left.as_number() == right.as_number()),
        }
    }

    fn equal_lists(&mut self, left: Value<'a>, right: Value<'a>) -> Result<bool, Fault> {
        let (Some(left), Some(right)) = (left.into_elements(), right.into_elements()) else {
            return Ok(false);
        };
        if left.len() != right.len() {
            return Ok(false);
        }
        for index in 0..left.len() {
            self.take(1)?;
            let pair = (left.get(index, self.record), right.get(index, self.record));
            if let (Some(left), Some(right)) = pair
                && !self.equal(&left, &right)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn order(&mut self, left: &Value<'a>, right: &Value<'a>) -> Result<Ordering, Fault> {
        if let (Some(left), Some(right)) = (left.as_text(), right.as_text()) {
            self.take_for_text(left.len().min(right.len()))?;
            return Ok(left.cmp(right));
        }
        match (left, right) {
            (Value::Bool(left), Value::Bool(right)) => Ok(left.cmp(right)),
            (Value::Int(left), Value::Int(right)) => Ok(left.cmp(right)),
            (Value::Time(left), Value::Time(right)) => Ok(left.cmp(right)),
            _ => match (left.as_number(), right.as_number()) {
                (Some(left), Some(right)) => left.partial_cmp(&right).ok_or(Fault::Error),
                _ => Err(Fault::Error),
            },
        }
    }

    fn calculate(&mut self, how: Arithmetic, operands: &'a [Node; 2]) -> Evaluated<'a> {
        let (left, right) = (self.value(&operands[0])?, self.value(&operands[1])?);
        match (&left, &right) {
            (Value::Int(left), Value::Int(right)) => {
                let result = match how {
                    Arithmetic::Add => left.checked_add(*right),
                    Arithmetic::Subtract => left.checked_sub(*right),
                    Arithmetic::Multiply => left.checked_mul(*right),
                    Arithmetic::Divide => left.checked_div(*right),
                    Arithmetic::Remainder => left.checked_rem(*right),
                };
                result.map(Value::Int).ok_or(Fault::Error)
            }
            (Value::Double(left), Value::Double(right)) => Ok(Value::Double(match how {
                Arithmetic::Add => left + right,
                Arithmetic::Subtract => left - right,
                Arithmetic::Multiply => left * right,
                Arithmetic::Divide => left / right,
                Arithmetic::Remainder => return Err(Fault::Error),
            })),
            _ if how == Arithmetic::Add => self.join(left, right),
            _ => Err(Fault::Error),
        }
    }

    /// The sum of texts, and of lists.
    fn join(&mut self, left: Value<'a>, right: Value<'a>) -> Evaluated<'a> {
        if let (Some(left), Some(right)) = (left.as_text(), right.as_text()) {
            self.take(left.len() + right.len())?;
            return Ok(Value::MadeText([left, right].concat().into()));
        }
        let (left, right) = (self.elements(left)?, self.elements(right)?);
        self.take(left.len() + right.len())?;
        let record = self.record;
        let every = |of: Elements<'a>| (0..of.len()).filter_map(move |at| of.get(at, record));
        Ok(Value::MadeList(every(left).chain(every(right)).collect()))
    }

    /// The elements of a list; an object is not a list.
    fn elements(&self, value: Value<'a>) -> Result<Elements<'a>, Fault> {
        match value {
            Value::List(_) | Value::MadeList(_) => value.into_elements().ok_or(Fault::Error),
            _ => Err(Fault::Error),
        }
    }

    fn contained(&mut self, operands: &'a [Node; 2]) -> Evaluated<'a> {
        let (needle, range) = (self.value(&operands[0])?, self.value(&operands[1])?);
        let elements = range.into_elements().ok_or(Fault::Error)?;
        for index in 0..elements.len() {
            self.take(1)?;
            if let Some(element) = elements.get(index, self.record)
                && self.equal(&needle, &element)?
            {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }

    fn one_of(&mut self, needle: &'a Node, literals: &'a [Literal]) -> Evaluated<'a> {
        let needle = self.value(needle)?;
        for literal in literals {
            self.take(1)?;
            if self.equal(&needle, &literal.into())? {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }

    fn list(&mut self, nodes: &'a [Node]) -> Evaluated<'a> {
        let values = nodes.iter().map(|node| self.value(node));
        Ok(Value::MadeList(values.collect::<Result<Rc<[_]>, _>>()?))
    }

    fn go_through(&mut self, of: &'a Loop) -> Evaluated<'a> {
        let range = self.value(&of.range)?;
        let elements = range.into_elements().ok_or(Fault::Error)?;
        match of.kind {
            LoopKind::Exists => self.any(of, &elements, true),
            LoopKind::All => self.any(of, &elements, false),
            LoopKind::ExistsOne => {
                let mut count = 0_u64;
                for element in self.each(&elements) {
                    count += u64::from(self.holds(element, &of.body)?);
                }
                Ok(Value::Bool(count == 1))
            }
            LoopKind::Filter | LoopKind::Map => self.collect(of, &elements),
        }
    }

    fn each<'e>(
        &self,
        elements: &'e Elements<'a>,
    ) -> impl Iterator<Item = Value<'a>> + use<'e, 'a> {
        let record = self.record;
        (0..elements.len()).filter_map(move |index| elements.get(index, record))
    }

    /// `exists` and `all`: one element can decide, even if the others are errors.
    fn any(&mut self, of: &'a Loop, elements: &Elements<'a>, decides: bool) -> Evaluated<'a> {
        let mut otherwise = Ok(Value::Bool(!decides));
        for element in self.each(elements) {
            match self.holds(element, &of.body) {
                Err(Fault::Exhausted) => return Err(Fault::Exhausted),
                Err(fault) => otherwise = Err(fault),
                Ok(value) if value == decides => return Ok(Value::Bool(decides)),
                Ok(_) => {}
            }
        }
        otherwise
    }

    fn collect(&mut self, of: &'a Loop, elements: &Elements<'a>) -> Evaluated<'a> {
        let mut list = Vec::new();
        for element in self.each(elements) {
            if let Some(condition) = &of.condition
                && !self.holds(element.clone(), condition)?
            {
                continue;
            }
            match of.kind {
                LoopKind::Map => list.push(self.with(element, &of.body, Self::value)?),
                _ if self.holds(element.clone(), &of.body)? => list.push(element),
                _ => {}
            }
        }
        Ok(Value::MadeList(list.into()))
    }

    /// Whether a condition holds for an element.
    fn holds(&mut self, element: Value<'a>, condition: &'a Node) -> Result<bool, Fault> {
        self.with(element, condition, Self::truth)
    }

    fn with<T>(
        &mut self,
        element: Value<'a>,
        body: &'a Node,
        evaluate: impl FnOnce(&mut Self, &'a Node) -> T,
    ) -> T {
        self.variables.push(element);
        let result = evaluate(self, body);
        self.variables.pop();
        result
    }

    fn call(&mut self, function: Function, arguments: &'a [Node]) -> Evaluated<'a> {
        let subject = self.value(arguments.first().ok_or(Fault::Error)?)?;
        if let Some(pattern) = arguments.get(1) {
            return self.search(function, &subject, pattern);
        }
        let bytes = subject.as_text().map_or(0, str::len);
        self.take_for_text(bytes)?;
        let result = match function {
            Function::Size => size(&subject).map(Value::Int),
            Function::Int => int(&subject).map(Value::Int),
            Function::Double => double(&subject).map(Value::Double),
            Function::String => string(&subject),
            Function::Timestamp => timestamp(&subject).map(Value::Time),
            Function::Contains | Function::StartsWith | Function::EndsWith => None,
        };
        result.ok_or(Fault::Error)
    }

    fn search(
        &mut self,
        function: Function,
        subject: &Value<'a>,
        pattern: &'a Node,
    ) -> Evaluated<'a> {
        let pattern = self.value(pattern)?;
        let text = subject.as_text().ok_or(Fault::Error)?;
        let pattern = pattern.as_text().ok_or(Fault::Error)?;
        self.take_for_text(text.len())?;
        Ok(Value::Bool(match function {
            Function::Contains => text.contains(pattern),
            Function::StartsWith => text.starts_with(pattern),
            Function::EndsWith => text.ends_with(pattern),
            _ => return Err(Fault::Error),
        }))
    }
}

/// The number of characters, elements, or fields.
fn size(value: &Value<'_>) -> Option<i64> {
    let size = match value.as_text() {
        Some(text) => text.chars().count(),
        None => value.clone().into_elements()?.len(),
    };
    i64::try_from(size).ok()
}

fn int(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(value) => Some(*value),
        Value::Double(value) if value.abs() < 9.2e18 =>
        {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "towards zero, as CEL has it"
            )]
            Some(value.trunc() as i64)
        }
        Value::Time(time) => Some(time.as_second()),
        other => other.as_text()?.parse().ok(),
    }
}

fn double(value: &Value<'_>) -> Option<f64> {
    value.as_number().or_else(|| value.as_text()?.parse().ok())
}

fn string<'a>(value: &Value<'a>) -> Option<Value<'a>> {
    let made: String = match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Double(value) => value.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Text(_) | Value::MadeText(_) => return Some(value.clone()),
        _ => return None,
    };
    Some(Value::MadeText(made.into()))
}

fn timestamp(value: &Value<'_>) -> Option<Timestamp> {
    match value {
        Value::Time(time) => Some(*time),
        other => other.as_text()?.parse().ok(),
    }
}

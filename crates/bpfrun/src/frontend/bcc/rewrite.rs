//! A program in BCC's dialect, rewritten: what the compiler's tree says is a method call, a load
//! from external memory or a probe's head is replaced by plain C, all else stays as it was written.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;

use crate::c::clang_ast::Node;
use crate::c::edit::Edit;
use crate::c::event_types;
use crate::c::event_types::Event;
use crate::c::event_types::Output;
use crate::c::event_types::Types;
use crate::compile_options::Attach;
use crate::frontend::bcc::error::TranslateError;
use crate::frontend::bcc::kernel_pointers::KernelPointers;
use crate::frontend::bcc::methods;
use crate::frontend::bcc::program::MethodCall;
use crate::frontend::bcc::program::Program;
use crate::frontend::bcc::sections;
use crate::frontend::bcc::tails;

/// What a rewritten program is.
#[derive(Debug)]
pub(crate) struct Rewritten {
    pub text: String,
    pub events: Vec<Event>,
    pub has_usdt: bool,
}

/// Rewrites the functions of a program; `edits` are the other places to replace. What stands
/// before `from` is left out.
pub(crate) fn rewrite<'t, 'a>(
    text: &str,
    tree: &'t Node<'a>,
    program: &Program<'t, 'a>,
    attach: &[Attach],
    edits: Vec<Edit>,
    from: usize,
) -> Result<Rewritten, TranslateError> {
    let rewriter = Rewriter {
        text,
        program,
        kernel_pointers: KernelPointers::find(program),
        types: Types::of(tree),
        attach,
        bitfields: bitfields(tree),
        events: RefCell::default(),
        locals: Cell::default(),
        has_usdt: Cell::default(),
    };
    rewriter.check_targets()?;
    let mut edits = edits;
    tails::fill(&mut edits, program, program.maps, attach)?;
    for function in &program.functions {
        rewriter.check(function)?;
        let range = function.bytes().ok_or(TranslateError::TreeMismatch)?;
        let text = rewriter.function(function)?;
        edits.push(Edit { range, text });
    }
    Ok(Rewritten {
        text: replace(text, from..text.len(), edits)?,
        events: rewriter.events.take(),
        has_usdt: rewriter.has_usdt.get(),
    })
}

fn bitfields<'t>(tree: &'t Node<'_>) -> HashSet<&'t str> {
    let mut found = HashSet::new();
    for record in tree.children().filter(|node| node.is("RecordDecl")) {
        record.visit(&mut |node| {
            if node.is_bitfield {
                found.insert(&*node.id);
            }
        });
    }
    found
}

/// The text in a range with its edits made.
fn replace(
    text: &str,
    range: Range<usize>,
    mut edits: Vec<Edit>,
) -> Result<String, TranslateError> {
    edits.sort_by_key(|edit| edit.range.start);
    let mut result = String::new();
    let mut at = range.start;
    for edit in edits {
        result += text
            .get(at..edit.range.start)
            .ok_or(TranslateError::TreeMismatch)?;
        result += &edit.text;
        at = edit.range.end;
    }
    result += text
        .get(at..range.end)
        .ok_or(TranslateError::TreeMismatch)?;
    Ok(result)
}

struct Rewriter<'r, 't, 'a> {
    text: &'r str,
    program: &'r Program<'t, 'a>,
    kernel_pointers: KernelPointers<'r, 'a>,
    types: Types<'t, 'a>,
    attach: &'r [Attach],
    /// The members that are bit-fields, by their numbers.
    bitfields: HashSet<&'t str>,
    events: RefCell<Vec<Event>>,
    /// How many event types were planted inside functions.
    locals: Cell<usize>,
    has_usdt: Cell<bool>,
}

impl<'r, 't, 'a> Rewriter<'r, 't, 'a> {
    /// Every function must be attached to something: all that are not are named at once.
    fn check_targets(&self) -> Result<(), TranslateError> {
        let functions = self.program.functions.iter();
        let programs: Vec<_> = functions.filter(|function| !function.is_helper()).collect();
        if programs.is_empty() {
            return Err(TranslateError::NoProgram);
        }
        self.check_given(&programs)?;
        let lost: Vec<_> = programs
            .iter()
            .filter(|function| self.has_no_target(function))
            .map(|function| function.name())
            .collect();
        match lost.as_slice() {
            [] => Ok(()),
            names => Err(TranslateError::NoTarget {
                function: names.join(", "),
            }),
        }
    }

    fn has_no_target(&self, function: &Node) -> bool {
        let section = sections::section(function, self.attach);
        matches!(section, Err(TranslateError::NoTarget { .. }))
    }

    /// Targets are for functions that there are.
    fn check_given(&self, programs: &[&&Node]) -> Result<(), TranslateError> {
        let is_there = |name: &str| programs.iter().any(|function| function.name() == name);
        let lost = self.attach.iter().find(|one| !is_there(&one.function));
        let known: Vec<_> = programs.iter().map(|function| function.name()).collect();
        match lost {
            Some(lost) => Err(TranslateError::NoFunction {
                function: lost.function.clone(),
                known: known.join(", "),
            }),
            None => Ok(()),
        }
    }

    /// What BCC refuses, too.
    fn check(&self, function: &'t Node<'a>) -> Result<(), TranslateError> {
        let programs = &self.program.functions;
        let mut called = None;
        function.visit(&mut |node| {
            let entered = node.callee_name().and_then(|name| {
                programs
                    .iter()
                    .find(|one| one.name() == name && !one.is_helper())
            });
            called = called.or(entered.map(|function| function.name()));
        });
        match called {
            Some(name) => Err(TranslateError::CallsProgram(name.to_owned())),
            None => Ok(()),
        }
    }

    fn function(&self, function: &'t Node<'a>) -> Result<String, TranslateError> {
        let body = function.body().ok_or(TranslateError::TreeMismatch)?;
        let whole = function.bytes().ok_or(TranslateError::TreeMismatch)?;
        let inside = body.bytes().ok_or(TranslateError::TreeMismatch)?;
        let block = self.node(body)?;
        let head = self
            .text
            .get(whole.start..inside.start)
            .ok_or(TranslateError::TreeMismatch)?;
        if function.is_helper() {
            return Ok(format!("__attribute__((always_inline)) {head}{block}"));
        }
        let section = sections::section(function, self.attach)?;
        let parameters = function.parameters();
        let (head, loads) = match parameters.as_slice() {
            [context, arguments @ ..] if !arguments.is_empty() => (
                self.short_head(&whole, &inside, context, arguments)?,
                self.loads(function, &section, context, arguments)?,
            ),
            _ => (head.to_owned(), String::new()),
        };
        let rest = block.strip_prefix('{').unwrap_or(&block);
        Ok(format!("SEC(\"{section}\") {head}{{{loads}{rest}"))
    }

    /// A head with the context as its only parameter.
    fn short_head(
        &self,
        whole: &Range<usize>,
        body: &Range<usize>,
        context: &Node,
        arguments: &[&Node],
    ) -> Result<String, TranslateError> {
        let first = context.bytes().ok_or(TranslateError::TreeMismatch)?.end;
        let last = arguments
            .last()
            .and_then(|one| one.bytes())
            .ok_or(TranslateError::TreeMismatch)?
            .end;
        let head = self
            .text
            .get(whole.start..first)
            .ok_or(TranslateError::TreeMismatch)?;
        let gone = self
            .text
            .get(first..last)
            .ok_or(TranslateError::TreeMismatch)?;
        let rest = self
            .text
            .get(last..body.start)
            .ok_or(TranslateError::TreeMismatch)?;
        // The lines that follow keep their numbers.
        Ok(format!(
            "{head}{}{rest}",
            "\n".repeat(gone.matches('\n').count())
        ))
    }

    /// The parameters of a probe as variables, from the registers.
    fn loads(
        &self,
        function: &Node,
        section: &str,
        context: &Node,
        arguments: &[&Node],
    ) -> Result<String, TranslateError> {
        if !context.plain_type().contains("struct pt_regs *") {
            return Err(TranslateError::ArgumentsWithoutRegs(
                function.name().to_owned(),
            ));
        }
        let is_syscall = sections::is_syscall(function.name(), section);
        if arguments.len() > 6 {
            return Err(TranslateError::TooManyArguments(function.name().to_owned()));
        }
        let name = context.name();
        let mut text = match is_syscall {
            true => format!(
                " struct pt_regs *__bpfrun_{name} = (struct pt_regs *)PT_REGS_PARM1({name});"
            ),
            false => String::new(),
        };
        for (index, argument) in arguments.iter().enumerate() {
            let declared = argument.bytes().and_then(|bytes| self.text.get(bytes));
            let declared = declared
                .ok_or(TranslateError::TreeMismatch)?
                .replace('\n', " ");
            let number = index + 1;
            let load = match is_syscall {
                true => format!("PT_REGS_PARM{number}_CORE_SYSCALL(__bpfrun_{name})"),
                false => format!("PT_REGS_PARM{number}({name})"),
            };
            text += &format!(
                " {declared} __attribute__((unused)) = (typeof({}))({load});",
                argument.name()
            );
        }
        Ok(text)
    }

    /// A node's text, rewritten.
    fn node(&self, node: &'t Node<'a>) -> Result<String, TranslateError> {
        if let Some(text) = self.special(node)? {
            return Ok(text);
        }
        let range = node.bytes().ok_or(TranslateError::TreeMismatch)?;
        let mut edits = Vec::new();
        self.edits_in(node, &mut edits)?;
        replace(self.text, range, edits)
    }

    fn edits_in(&self, node: &'t Node<'a>, edits: &mut Vec<Edit>) -> Result<(), TranslateError> {
        for child in node.children() {
            // What is measured is not loaded; of `a ?: b` the tree shows `a` three times.
            if child.is("UnaryExprOrTypeTraitExpr") || child.is("OpaqueValueExpr") {
                continue;
            }
            match (self.special(child)?, child.bytes()) {
                (Some(text), Some(range)) => edits.push(Edit { range, text }),
                (Some(_), None) => return Err(TranslateError::TreeMismatch),
                (None, _) => self.edits_in(child, edits)?,
            }
        }
        Ok(())
    }

    /// The C for a node that is to be replaced whole.
    fn special(&self, node: &'t Node<'a>) -> Result<Option<String>, TranslateError> {
        match &*node.kind {
            "ImplicitCastExpr" => self.load(node),
            "CallExpr" => match self.program.method_call(node) {
                Some(call) => self.method(&call).map(Some),
                None => self.helper(node),
            },
            _ => Ok(None),
        }
    }

    /// A load from external memory becomes a read.
    fn load(&self, node: &'t Node<'a>) -> Result<Option<String>, TranslateError> {
        let is_load = node.cast_kind.as_deref() == Some("LValueToRValue");
        let Some(place) = node
            .child(0)
            .filter(|place| is_load && self.kernel_pointers.is_external(place))
        else {
            return Ok(None);
        };
        if self.is_bitfield(place) {
            return self.load_bits(place).map(Some);
        }
        let range = place.bytes().ok_or(TranslateError::TreeMismatch)?;
        let written = self
            .text
            .get(range.clone())
            .ok_or(TranslateError::TreeMismatch)?;
        let mut edits = Vec::new();
        self.edits_in(place, &mut edits)?;
        let address = replace(self.text, range, edits)?;
        Ok(Some(format!(
            "({{ typeof({written}) __bpfrun_val; __builtin_memset(&__bpfrun_val, 0, sizeof(__bpfrun_val)); \
             bpf_probe_read(&__bpfrun_val, sizeof(__bpfrun_val), (void *)&{address}); __bpfrun_val; }})"
        )))
    }

    fn is_bitfield(&self, place: &Node) -> bool {
        let member = place.bare().referenced_member_decl.as_deref();
        member.is_some_and(|member| self.bitfields.contains(member))
    }

    /// A bit-field has no address: its place comes from the kernel's own type.
    fn load_bits(&self, place: &'t Node<'a>) -> Result<String, TranslateError> {
        let member = place.bare();
        let base = member.child(0).ok_or(TranslateError::TreeMismatch)?;
        let pointer = self.node(base)?;
        let pointer = match member.is_arrow {
            true => pointer,
            false => format!("(&({pointer}))"),
        };
        Ok(format!(
            "BPF_CORE_READ_BITFIELD_PROBED({pointer}, {})",
            member.name()
        ))
    }

    fn method(&self, call: &MethodCall<'t, 'a>) -> Result<String, TranslateError> {
        let arguments: Result<Vec<_>, _> = call
            .arguments
            .iter()
            .map(|argument| self.node(argument))
            .collect();
        let text = methods::translate(call.map, call.method, &arguments?)?;
        let (data, size) = match call.method {
            "perf_submit" => (1, 2),
            "perf_submit_skb" => (2, 3),
            "ringbuf_output" => (0, 1),
            "ringbuf_submit" => (0, 9),
            _ => return Ok(text),
        };
        let Some(data) = call.arguments.get(data) else {
            return Ok(text);
        };
        let output = Output {
            map: call.map.name.clone(),
            data,
            size: call.arguments.get(size).copied(),
        };
        self.note(&output, text)
    }

    /// Notes the types of an output; one that has no name outside is planted where it is.
    fn note(&self, output: &Output<'t, 'a>, call: String) -> Result<String, TranslateError> {
        for c_type in self.types.of_output(output) {
            if self.types.is_global(&c_type) {
                let event = Event {
                    map: output.map.clone(),
                    c_type,
                };
                let mut events = self.events.borrow_mut();
                if !events.contains(&event) {
                    events.push(event);
                }
            } else if output.data.bare().written_type().contains(&c_type) {
                return self.planted_here(output, &call);
            }
        }
        Ok(call)
    }

    fn planted_here(&self, output: &Output<'t, 'a>, call: &str) -> Result<String, TranslateError> {
        let bytes = output
            .data
            .bare()
            .bytes()
            .ok_or(TranslateError::TreeMismatch)?;
        let data = self.text.get(bytes).ok_or(TranslateError::TreeMismatch)?;
        let number = 100 + self.locals.replace(self.locals.get() + 1);
        let mark = event_types::mark(&output.map, number);
        Ok(format!("({{ static typeof(*({data})) *{mark}; {call}; }})"))
    }

    /// Calls that BCC writes differently.
    fn helper(&self, node: &'t Node<'a>) -> Result<Option<String>, TranslateError> {
        let arguments = || -> Result<Vec<String>, TranslateError> {
            node.arguments()
                .into_iter()
                .map(|argument| self.node(argument))
                .collect()
        };
        Ok(match node.callee_name() {
            Some("bpf_trace_printk") => self.printed(node, &arguments()?),
            Some("bpf_usdt_readarg") => Some(self.usdt(&arguments()?, 3)?),
            Some("bpf_usdt_readarg_p") => Some(self.usdt(&arguments()?, 4)?),
            _ => None,
        })
    }

    /// `bpf_trace_printk("text", …)`: the kernel wants the text's size as well.
    fn printed(&self, node: &'t Node<'a>, arguments: &[String]) -> Option<String> {
        let given = node.arguments();
        let first = *given.first()?;
        let has_size = given.get(1).is_some_and(|one| self.measures(one, first));
        if !first.bare().is("StringLiteral") || has_size {
            return None;
        }
        let (format, rest) = arguments.split_first()?;
        let rest: String = rest
            .iter()
            .map(|argument| format!(", {argument}"))
            .collect();
        Some(format!(
            "({{ static const char __bpfrun_fmt[] = {format}; bpf_trace_printk(__bpfrun_fmt, sizeof(__bpfrun_fmt){rest}); }})"
        ))
    }

    /// Whether it is the `sizeof` of another expression, and not just of anything to be printed.
    fn measures(&self, size: &Node, of: &Node) -> bool {
        let size = size.bare();
        let text = |node: &Node| self.text.get(node.bare().bytes()?);
        let measured = size.child(0).and_then(text);
        size.is("UnaryExprOrTypeTraitExpr") && measured.is_some() && measured == text(of)
    }

    fn usdt(&self, arguments: &[String], count: usize) -> Result<String, TranslateError> {
        let [number, context, target, ..] = arguments else {
            return Err(TranslateError::TreeMismatch);
        };
        self.has_usdt.set(true);
        let get = format!(
            "long __bpfrun_arg = 0; bpf_usdt_arg({context}, ({number}) - 1, &__bpfrun_arg);"
        );
        Ok(match (count, arguments.get(3)) {
            (4, Some(size)) => {
                format!(
                    "({{ {get} bpf_probe_read_user({target}, {size}, (void *)__bpfrun_arg); }})"
                )
            }
            _ => format!("({{ {get} *({target}) = (typeof(*({target})))__bpfrun_arg; 0; }})"),
        })
    }
}

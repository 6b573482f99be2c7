//! The programs that a process starts, directly and through others that are short-lived.

use super::cell::Cell;
use super::cell::Lived;
use super::report::ProgramLine;
use super::report::Span;
use super::report::Sums;
use super::series::Series;
use super::slots::Slots;
use crate::comm::Comm;

/// The most programs of one tree. What is not there counts at its parent.
const MOST_NODES: usize = 48;

/// How deep the tree is at most.
const DEEPEST: usize = 12;

/// Programs as a tree; each node has the sums of its own processes.
#[derive(Debug, Clone)]
pub(super) struct ProgramTree {
    /// The first is the root, which stands for the starter itself. A parent is before its children.
    nodes: Vec<Node>,
}

#[derive(Debug, Clone)]
struct Node {
    parent: usize,
    depth: usize,
    program: Comm,
    own: Series,
}

impl Default for ProgramTree {
    fn default() -> Self {
        let root = Node {
            parent: 0,
            depth: 0,
            program: Comm::EMPTY,
            own: Series::default(),
        };
        Self { nodes: vec![root] }
    }
}

impl ProgramTree {
    /// Adds a process that was started along this path of programs, its own the last.
    pub(super) fn record(
        &mut self,
        path: impl Iterator<Item = Comm>,
        lived: &Lived,
        slots: &Slots,
    ) {
        let at = self.walk(0, path);
        self.nodes[at].own.record(lived, slots);
    }

    /// Hangs another tree below this path.
    pub(super) fn graft(&mut self, path: impl Iterator<Item = Comm>, other: &Self, slots: &Slots) {
        let mut places = Vec::with_capacity(other.nodes.len());
        places.push(self.walk(0, path));
        for node in &other.nodes[1..] {
            let above = places[node.parent];
            places.push(self.walk(above, std::iter::once(node.program)));
        }
        for (node, at) in other.nodes.iter().zip(places) {
            self.nodes[at].own.merge(&node.own, slots);
        }
    }

    fn walk(&mut self, from: usize, path: impl Iterator<Item = Comm>) -> usize {
        path.fold(from, |at, program| self.child(at, program))
    }

    /// The child of a node, made if there is room.
    fn child(&mut self, parent: usize, program: Comm) -> usize {
        let is_it = |node: &Node| node.parent == parent && node.program == program;
        let found = self.nodes.iter().skip(1).position(is_it);
        if let Some(at) = found {
            return at + 1;
        }
        let depth = self.nodes[parent].depth + 1;
        if self.nodes.len() >= MOST_NODES || depth > DEEPEST {
            return parent;
        }
        let own = Series::default();
        self.nodes.push(Node {
            parent,
            depth,
            program,
            own,
        });
        self.nodes.len() - 1
    }

    /// Adds all sums to `sum`.
    pub(super) fn add_to(&self, sum: &mut Cell, span: Span, slots: &Slots) {
        for node in &self.nodes {
            node.own.add_to(sum, span, slots);
        }
    }

    /// Adds everything to one series.
    pub(super) fn add_to_series(&self, sum: &mut Series, slots: &Slots) {
        for node in &self.nodes {
            sum.merge(&node.own, slots);
        }
    }

    /// The program with most CPU time, wherever it is in the tree; with most processes if the CPU
    /// time is not known.
    pub(super) fn main_program(&self, span: Span, slots: &Slots) -> Option<Comm> {
        let mut programs: Vec<(Comm, Cell)> = Vec::new();
        for node in &self.nodes {
            let at = programs.iter().position(|(it, _)| *it == node.program);
            let at = at.unwrap_or_else(|| {
                programs.push((node.program, Cell::default()));
                programs.len() - 1
            });
            node.own.add_to(&mut programs[at].1, span, slots);
        }
        let used = programs.into_iter().filter(|(_, sum)| sum.count > 0);
        used.max_by_key(|(_, sum)| (sum.cpu_ns, sum.count))
            .map(|(program, _)| program)
    }

    /// The lines of the tree, each parent before its children, those with most CPU time first. The
    /// sums are those of the whole subtree.
    pub(super) fn lines(&self, span: Span, slots: &Slots) -> Vec<ProgramLine> {
        let mut sums = vec![Cell::default(); self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate().rev() {
            node.own.add_to(&mut sums[at], span, slots);
            if at > 0 {
                let whole = std::mem::take(&mut sums[at]);
                sums[node.parent].merge(&whole);
                sums[at] = whole;
            }
        }
        let mut lines = Vec::new();
        self.push_lines(0, &sums, &mut lines);
        lines
    }

    fn push_lines(&self, at: usize, sums: &[Cell], lines: &mut Vec<ProgramLine>) {
        let is_child = |child: &usize| *child > 0 && self.nodes[*child].parent == at;
        let mut children: Vec<usize> = (0..self.nodes.len()).filter(is_child).collect();
        children.retain(|child| sums[*child].count > 0 || sums[*child].cpu_ns > 0);
        children.sort_by_key(|child| std::cmp::Reverse((sums[*child].cpu_ns, sums[*child].count)));
        for child in children {
            lines.push(ProgramLine {
                depth: self.nodes[child].depth - 1,
                program: self.nodes[child].program.get().into(),
                sums: Sums::of(&sums[child]),
            });
            self.push_lines(child, sums, lines);
        }
    }
}

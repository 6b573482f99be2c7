//! Circles in a directed graph: files that import each other.

use std::collections::VecDeque;

/// A group of nodes, each of which can be reached from each other one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Knot {
    /// All nodes of the group, in ascending order.
    pub(super) nodes: Vec<usize>,
    /// One of the shortest circles in it: each node has an edge to the next, the last to the first.
    pub(super) circle: Vec<usize>,
}

/// Finds every knot in a graph, given as the successors of each node.
pub(super) fn find(successors: &[Vec<usize>]) -> Vec<Knot> {
    let nodes = 0..successors.len();
    let reachable: Vec<Vec<bool>> = nodes.clone().map(|node| reach(successors, node)).collect();
    let first_of_knot = |&node: &usize| {
        reachable[node][node] && !(0..node).any(|before| mutual(&reachable, node, before))
    };
    nodes
        .clone()
        .filter(first_of_knot)
        .map(|first| {
            let members = nodes
                .clone()
                .filter(|&node| mutual(&reachable, first, node));
            let nodes: Vec<usize> = members.collect();
            let circles = nodes.iter().filter_map(|&node| shortest(successors, node));
            let circle = circles.min_by_key(Vec::len).unwrap_or_default();
            Knot { nodes, circle }
        })
        .collect()
}

fn mutual(reachable: &[Vec<bool>], a: usize, b: usize) -> bool {
    reachable[a][b] && reachable[b][a]
}

/// The nodes that can be reached from `start` by one or more edges.
fn reach(successors: &[Vec<usize>], start: usize) -> Vec<bool> {
    let mut reached = vec![false; successors.len()];
    let mut queue = vec![start];
    while let Some(node) = queue.pop() {
        for &next in &successors[node] {
            if !std::mem::replace(&mut reached[next], true) {
                queue.push(next);
            }
        }
    }
    reached
}

/// The shortest way from a node back to itself.
fn shortest(successors: &[Vec<usize>], start: usize) -> Option<Vec<usize>> {
    let mut previous = vec![None; successors.len()];
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &next in &successors[node] {
            if next == start {
                return Some(path_to(&previous, node));
            }
            if previous[next].is_none() {
                previous[next] = Some(node);
                queue.push_back(next);
            }
        }
    }
    None
}

fn path_to(previous: &[Option<usize>], end: usize) -> Vec<usize> {
    let mut path: Vec<usize> = std::iter::successors(Some(end), |&node| previous[node]).collect();
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diamond_has_none() {
        assert_eq!(find(&[vec![1, 2], vec![3], vec![3], vec![]]), []);
    }

    #[test]
    fn the_shortest_circle_of_a_knot_is_shown() {
        let knots = find(&[vec![1], vec![2, 0], vec![0], vec![0]]);
        let expected = Knot {
            nodes: vec![0, 1, 2],
            circle: vec![0, 1],
        };
        assert_eq!(knots, [expected]);
    }

    #[test]
    fn separate_knots_are_separate() {
        let knots = find(&[vec![1], vec![0], vec![3], vec![2]]);
        let circles: Vec<_> = knots.into_iter().map(|knot| knot.circle).collect();
        assert_eq!(circles, [[0, 1], [2, 3]]);
    }
}

use super::*;
use crate::object::btf::tests::ARRAY;
use crate::object::btf::tests::Builder;
use crate::object::btf::tests::ENUM;
use crate::object::btf::tests::ENUM64;
use crate::object::btf::tests::FLOAT;
use crate::object::btf::tests::POINTER;
use crate::object::btf::tests::STRUCT;
use crate::object::btf::tests::TAG;
use crate::object::btf::tests::UNION;

/// What `id` makes of a record, without the layout that it borrows from: as text.
fn shown(builder: &Builder, id: u32, record: &[u8]) -> String {
    let layout = Layout::new(&builder.build(), id);
    format!("{:?}", layout.decode(record))
}

/// Integers of all sizes, with and without a sign.
#[test]
fn integers() {
    let mut builder = Builder::new();
    let ids: Vec<u32> = [(1, true), (2, false), (4, true), (8, false)]
        .map(|(bytes, signed)| builder.int("int", bytes, signed))
        .to_vec();
    let record = [0xff; 16];
    let expected = [
        "Int(-1)",
        "Uint(65535)",
        "Int(-1)",
        "Uint(18446744073709551615)",
    ];
    for (id, expected) in ids.into_iter().zip(expected) {
        assert_eq!(shown(&builder, id, &record), expected);
        assert_eq!(shown(&builder, id, &[]), "Absent");
    }
    let wide = builder.int("__int128", 16, true);
    assert_eq!(shown(&builder, wide, &record), "Int128(-1)");
    let wide = builder.int("unsigned __int128", 16, false);
    let largest = format!("Uint128({})", u128::MAX);
    assert_eq!(shown(&builder, wide, &record), largest);
    let odd = builder.int("odd", 3, false);
    assert_eq!(shown(&builder, odd, &record), "Absent");
}

/// Booleans, pointers, floating-point numbers.
#[test]
fn other_scalars() {
    let mut builder = Builder::new();
    let boolean = builder.add("_Bool", 1, (0, false), 1, &[(4 << 24) | 8]);
    let pointer = builder.add("", POINTER, (0, false), boolean, &[]);
    let float = builder.add("double", FLOAT, (0, false), 8, &[]);
    assert_eq!(shown(&builder, boolean, &[2]), "Bool(true)");
    assert_eq!(shown(&builder, pointer, &[0; 8]), "Pointer(0)");
    assert_eq!(shown(&builder, pointer, &[0; 7]), "Absent");
    let number = 2.5f64.to_ne_bytes();
    assert_eq!(shown(&builder, float, &number), "Float(2.5)");
}

/// Enums by name, negative ones and those of 64 bits too.
#[test]
fn enums() {
    let mut builder = Builder::new();
    let (up, down) = (builder.name("UP"), builder.name("DOWN"));
    let minus_one = u32::MAX;
    let signed = builder.add("state", ENUM, (2, true), 4, &[up, 1, down, minus_one]);
    let large = builder.add("large", ENUM64, (1, false), 8, &[up, 0, 1]);
    let byte = builder.add("packed", ENUM, (1, true), 1, &[down, minus_one]);
    assert_eq!(
        shown(&builder, signed, &1u32.to_ne_bytes()),
        "Enum(Some(\"UP\"), 1)"
    );
    let down = "Enum(Some(\"DOWN\"), -1)";
    assert_eq!(shown(&builder, signed, &minus_one.to_ne_bytes()), down);
    assert_eq!(
        shown(&builder, signed, &7u32.to_ne_bytes()),
        "Enum(None, 7)"
    );
    let four_gib = "Enum(Some(\"UP\"), 4294967296)";
    assert_eq!(
        shown(&builder, large, &(1u64 << 32).to_ne_bytes()),
        four_gib
    );
    assert_eq!(shown(&builder, byte, &[0xff]), down);
}

/// Bit-fields, in both of the ways in which compilers write them down.
#[test]
#[cfg(target_endian = "little")]
fn bit_fields() {
    let mut builder = Builder::new();
    let int = builder.int("int", 4, true);
    let unsigned = builder.int("unsigned int", 4, false);
    let (lo, hi) = (builder.name("lo"), builder.name("hi"));
    let words = [lo, unsigned, 4 << 24, hi, int, (12 << 24) | 4];
    let flagged = builder.add("event", STRUCT, (2, true), 4, &words);
    let record = 0xfff5u32.to_le_bytes();
    let expected = "Record([(\"lo\", Uint(5)), (\"hi\", Int(-1))])";
    assert_eq!(shown(&builder, flagged, &record), expected);
    // A record that ends within the bytes of the field's type, but not within its own.
    assert_eq!(shown(&builder, flagged, &record[..2]), expected);
    let three_bits = builder.add("int", 1, (0, false), 4, &[(1 << 16) | 3]);
    let old = builder.record("event", 4, &[("x", three_bits, 0)]);
    assert_eq!(
        shown(&builder, old, &[0b1010, 0, 0, 0]),
        "Record([(\"x\", Uint(5))])"
    );
}

/// Structs in structs, unions, and members of those without a name.
#[test]
fn records() {
    let mut builder = Builder::new();
    let byte = builder.int("unsigned char", 1, false);
    let inner = builder.record("inner", 2, &[("a", byte, 0), ("b", byte, 8)]);
    let nested = builder.record("outer", 4, &[("in", inner, 0), ("", inner, 16)]);
    let expected = "Record([(\"in\", Record([(\"a\", Uint(1)), (\"b\", Uint(2))])), \
                    (\"a\", Uint(3)), (\"b\", Uint(4))])";
    assert_eq!(shown(&builder, nested, &[1, 2, 3, 4]), expected);
    let (x, y) = (builder.name("x"), builder.name("y"));
    let both = builder.add("", UNION, (2, false), 2, &[x, byte, 0, y, inner, 0]);
    let expected =
        "Record([(\"x\", Uint(1)), (\"y\", Record([(\"a\", Uint(1)), (\"b\", Uint(2))]))])";
    assert_eq!(shown(&builder, both, &[1, 2]), expected);
}

/// What a record is too short for is absent, what comes behind it is ignored.
#[test]
fn short_and_padded() {
    let mut builder = Builder::new();
    let int = builder.int("int", 4, false);
    let array = builder.array(int, 3);
    let event = builder.record(
        "event",
        20,
        &[("a", int, 0), ("b", array, 32), ("c", int, 128)],
    );
    let record: Vec<u8> = (1..=6u32).flat_map(u32::to_ne_bytes).collect();
    let whole =
        "Record([(\"a\", Uint(1)), (\"b\", Array([Uint(2), Uint(3), Uint(4)])), (\"c\", Uint(5))])";
    assert_eq!(shown(&builder, event, &record), whole);
    let short = "Record([(\"a\", Uint(1)), (\"b\", Array([Uint(2)])), (\"c\", Absent)])";
    assert_eq!(shown(&builder, event, &record[..10]), short);
    let empty = "Record([(\"a\", Absent), (\"b\", Absent), (\"c\", Absent)])";
    assert_eq!(shown(&builder, event, &[]), empty);
}

/// A `char` array is text up to its NUL; one of `unsigned char` is bytes.
#[test]
fn text_and_bytes() {
    let mut builder = Builder::new();
    let char = builder.int("char", 1, true);
    let byte = builder.int("unsigned char", 1, false);
    let (text, bytes) = (builder.array(char, 4), builder.array(byte, 2));
    let matrix = builder.array(text, 2);
    let decode = |id, record: &'static [u8]| shown(&builder, id, record);
    assert_eq!(
        decode(text, b"ab\0stale"),
        format!("{:?}", Value::Text(b"ab"))
    );
    assert_eq!(
        decode(text, b"abcdef"),
        format!("{:?}", Value::Text(b"abcd"))
    );
    assert_eq!(
        decode(bytes, b"\0\x01"),
        format!("{:?}", Value::Bytes(b"\0\x01"))
    );
    let two = Value::Array(vec![Value::Text(b"a"), Value::Text(b"b")]);
    assert_eq!(decode(matrix, b"a\0\0\0b\0\0\0"), format!("{two:?}"));
}

/// A struct with `args` and a number beside it that says how much of it is used.
fn with_args(sibling: &str, number: u32, args: &[u8]) -> Vec<Vec<u8>> {
    let mut builder = Builder::new();
    let (char, int) = (builder.int("char", 1, true), builder.int("int", 4, false));
    let array = builder.array(char, 16);
    let members = [("args", array, 0), (sibling, int, 128)];
    let event = builder.record("event", 20, &members);
    let layout = Layout::new(&builder.build(), event);
    let mut record = args.to_vec();
    record.resize(16, 0);
    record.extend(number.to_ne_bytes());
    let value = layout.decode(&record);
    let args = value.get("args").expect("a field");
    args.texts().map(<[u8]>::to_vec).collect()
}

/// Several strings in an array, as its struct says how many there are or how long they are.
#[test]
fn several_strings() {
    let args = b"ls\0-l\0\0/\0stale";
    assert_eq!(
        with_args("args_size", 9, args),
        [&b"ls"[..], b"-l", b"", b"/"]
    );
    assert_eq!(with_args("args_count", 2, args), [&b"ls"[..], b"-l"]);
    assert_eq!(with_args("args_count", 99, b"ls\0-l\0"), {
        let empty = vec![&b""[..]; 10];
        [vec![&b"ls"[..], b"-l"], empty].concat()
    });
    assert!(with_args("args_count", 0, args).is_empty());
    assert!(with_args("args_size", 0, args).is_empty());
    assert_eq!(with_args("args_len", 1, args), [b"l"]);
    assert_eq!(with_args("other", 9, args), [b"ls"]);
}

/// Several strings in an array, by the tag that says so.
#[test]
fn tagged_strings() {
    let mut builder = Builder::new();
    let char = builder.int("char", 1, true);
    let array = builder.array(char, 16);
    let event = builder.record("event", 16, &[("args", array, 0)]);
    builder.add("strings", TAG, (0, false), event, &[0]);
    let layout = Layout::new(&builder.build(), event);
    let value = layout.decode(b"ls\0-l\0\0\0\0\0\0\0\0\0\0\0");
    let args: Vec<_> = value.get("args").expect("a field").texts().collect();
    assert_eq!(args, [&b"ls"[..], b"-l"]);
}

/// Arrays of billions of nothing, and structs that hold themselves, come to an end.
#[test]
fn endless_types() {
    let mut builder = Builder::new();
    let empty = builder.record("empty", 0, &[]);
    let many = builder.array(empty, u32::MAX);
    let round = builder.record("round", 8, &[("a", 4, 0), ("b", 4, 0)]);
    let _self = builder.record("self", 8, &[("a", 4, 0), ("b", 4, 0), ("c", round, 0)]);
    assert_eq!(shown(&builder, many, &[0; 8]), "Array([])");
    assert!(shown(&builder, 4, &[0; 8]).contains("Absent"));
    let huge = builder.add("", ARRAY, (0, false), 0, &[many, 1, u32::MAX]);
    assert_eq!(shown(&builder, huge, &[0; 8]), "Array([])");
}

/// How long decoding takes: printed by `cargo test --release -- --ignored --nocapture
/// decoding_cost`.
#[test]
#[ignore = "a measurement"]
fn decoding_cost() {
    let mut builder = Builder::new();
    let (char, int) = (builder.int("char", 1, true), builder.int("int", 4, false));
    let long = builder.int("long", 8, false);
    let comm = builder.array(char, 16);
    let members = [
        ("pid", int, 0),
        ("ppid", int, 32),
        ("ns", long, 64),
        ("comm", comm, 128),
    ];
    let event = builder.record("event", 32, &members);
    let layout = Layout::new(&builder.build(), event);
    let record = [65; 32];
    let rounds = 10_000_000u32;
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        std::hint::black_box(layout.decode(std::hint::black_box(&record)));
    }
    println!("{:?} an event of four fields", start.elapsed() / rounds);
}

// Does a walker that was written from the manuals' words, and not from the tables, agree with the vectors?
// Only the formats that Rust is asked to show: RISC-V, and the second stage of VT-d.
#[path = "vectors.rs"]
mod vectors;
use vectors::{check, Fault, Vector, VECTORS};

fn low(bits: u32) -> u64 {
    (1u64 << bits) - 1
}

fn riscv(v: &Vector, levels: u32, wider: u32) -> Result<u64, Fault> {
    let bits = 12 + 9 * levels + wider;
    let high = (v.address as i64) >> (bits - 1);
    if (wider == 0 && high != 0 && high != -1) || (wider != 0 && v.address >> bits != 0) {
        return Err(Fault::Address);
    }
    let mut base = v.root;
    let mut level = levels;
    let (pte, mut shift) = loop {
        level -= 1;
        let shift = 12 + 9 * level;
        let width = if level == levels - 1 { 9 + wider } else { 9 };
        let pte = v.read(base + ((v.address >> shift) & low(width)) * 8);
        if pte & 1 == 0 {
            return Err(Fault::NotPresent);
        }
        if pte >> 1 & 3 == 2 || pte >> 54 & 0x1ff != 0 {
            return Err(Fault::Reserved);
        }
        if pte & 0b1110 != 0 {
            break (pte, shift);
        }
        if level == 0 || pte >> 63 != 0 || pte & 0b1101_0000 != 0 {
            return Err(Fault::Reserved);
        }
        base = (pte >> 10 & low(44)) << 12;
    };
    let mut out = (pte >> 10 & low(44)) << 12;
    if pte >> 63 != 0 {
        if level != 0 || pte >> 10 & 15 != 8 {
            return Err(Fault::Reserved);
        }
        shift = 16;
        out &= !low(16);
    }
    if out & low(shift) != 0 {
        return Err(Fault::Reserved);
    }
    if pte & 0x40 == 0 {
        return Err(Fault::AccessFlag);
    }
    if v.write && pte & 0x80 == 0 {
        return Err(Fault::DirtyFlag);
    }
    if pte & 0x10 == 0 || pte & if v.write { 4 } else { 2 } == 0 {
        return Err(Fault::Permission);
    }
    Ok(out | v.address & low(shift))
}

fn second_stage(v: &Vector, levels: u32) -> Result<u64, Fault> {
    if v.address >> (12 + 9 * levels) != 0 {
        return Err(Fault::Address);
    }
    let (mut base, mut rights) = (v.root, 3);
    for level in (1..=levels).rev() {
        let shift = 3 + 9 * level;
        let pte = v.read(base + ((v.address >> shift) & 511) * 8);
        rights &= pte;
        if pte & 3 == 0 {
            return Err(Fault::NotPresent);
        }
        let leaf = level == 1 || level <= 3 && pte & 0x80 != 0;
        let out = pte & low(52) & !low(12);
        let misfit = if leaf { out & low(shift) } else { pte & 0x880 };
        if pte >> 62 & 1 != 0 || misfit != 0 {
            return Err(Fault::Reserved);
        }
        if leaf {
            let wanted = if v.write { 2 } else { 1 };
            return if rights & wanted == 0 { Err(Fault::Permission) } else { Ok(out | v.address & low(shift)) };
        }
        base = out;
    }
    unreachable!()
}

fn walk(v: &Vector) -> Result<u64, Fault> {
    let number = |text: &str| text.parse::<u32>().unwrap();
    if let Some(levels) = v.format.strip_prefix("vtd-ss-") {
        return second_stage(v, number(levels));
    }
    let name = v.format.strip_prefix("riscv-sv").unwrap();
    match name.strip_suffix("x4") {
        Some(bits) => riscv(v, (number(bits) - 12) / 9, 2),
        None => riscv(v, (number(name) - 12) / 9, 0),
    }
}

fn main() {
    let wrong: Vec<_> = check(walk).collect();
    for v in &wrong {
        println!("{}: {}: {:?}", v.format, v.name, walk(v));
    }
    if wrong.is_empty() {
        println!("all {} right", VECTORS.len());
    }
    std::process::exit(wrong.len().min(1) as i32);
}

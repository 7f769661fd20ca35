//! Speed of detection and linking: sentences a second on one core, over the sample articles.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use demarche::mention::Detector;
use demarche::registry::Registry;
use demarche::segment::sentences;
use std::path::Path;

fn detection(criterion: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/sample/articles");
    let read = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(entry?.path());
    let texts: Vec<String> =
        std::fs::read_dir(folder).expect("the sample").map(|e| read(e).expect("an article")).collect();
    let count: usize = texts.iter().map(|text| sentences(text).len()).sum();
    let detector = Detector::new(Registry::embedded().expect("sound tables"));
    let day = "2020-06-30".parse().ok();
    let mut group = criterion.benchmark_group("mention");
    group.throughput(Throughput::Elements(count as u64));
    group.bench_function("detection alone, sentences", |b| {
        b.iter(|| texts.iter().map(|text| detector.candidates(text).len()).sum::<usize>());
    });
    group.bench_function("detection and linking, sentences", |b| {
        b.iter(|| texts.iter().map(|text| detector.link(text, day).mentions.len()).sum::<usize>());
    });
    group.finish();
}

criterion_group!(benches, detection);
criterion_main!(benches);

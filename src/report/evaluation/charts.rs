//! The two curves as SVG text: reliability and risk against coverage. Drawn without fonts: the reader's own set the text.

use crate::metrics::calibration::Bin;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::io;

/// A chart cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("chart: {0}")]
pub struct ChartError(#[from] DrawingAreaErrorKind<io::Error>);

const SIZE: (u32, u32) = (460, 360);
const INK: RGBColor = RGBColor(0x1f, 0x4e, 0x79);
const PALE: RGBColor = RGBColor(0xc8, 0xcd, 0xd3);
const LABELS: (&str, i32) = ("sans-serif", 13);

/// Points on the drawn line of [`risk_coverage`]; more would not be seen.
const POINTS: usize = 400;

/// Accuracy against confidence, a point a bin, over the diagonal of perfect calibration.
///
/// # Errors
/// If the drawing library refuses.
pub(super) fn reliability(bins: &[Bin]) -> Result<String, ChartError> {
    draw(|area| {
        let mut chart = axes(area).build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
        grid(chart.configure_mesh().x_desc("confidence").y_desc("share that is right")).draw()?;
        chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], PALE.stroke_width(2)))?;
        let points: Vec<(f64, f64)> = bins.iter().map(|b| (b.confidence, b.accuracy)).collect();
        chart.draw_series(LineSeries::new(points.clone(), INK.stroke_width(1)))?;
        chart.draw_series(points.into_iter().map(|p| Circle::new(p, 4, INK.filled())))?;
        Ok(())
    })
}

/// Share of errors among the most confident predictions, against their share of all. `risks` as
/// [`crate::metrics::calibration::risk_coverage`] gives them; a circle marks 80 % coverage.
///
/// # Errors
/// If the drawing library refuses.
pub(super) fn risk_coverage(risks: &[f64]) -> Result<String, ChartError> {
    let n = risks.len();
    let point = |k: usize| (k as f64 / n as f64, risks[k - 1]);
    let step = n.div_ceil(POINTS).max(1);
    let line: Vec<(f64, f64)> = (1..=n).rev().step_by(step).map(point).collect();
    let top = line.iter().map(|p| p.1).fold(0.05, f64::max) * 1.1;
    draw(|area| {
        let mut chart = axes(area).build_cartesian_2d(0.0..1.0, 0.0..top)?;
        grid(chart.configure_mesh().x_desc("coverage").y_desc("share that is wrong")).draw()?;
        chart.draw_series(LineSeries::new(line, INK.stroke_width(2)))?;
        let marked = (n > 0).then(|| Circle::new(point((4 * n).div_ceil(5)), 4, INK.filled()));
        chart.draw_series(marked)?;
        Ok(())
    })
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw(content: impl FnOnce(&Area) -> Result<(), DrawingAreaErrorKind<io::Error>>) -> Result<String, ChartError> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        content(&area)?;
        area.present()?;
    }
    // Inside HTML the name space is implied, and a page without any address is easy to trust.
    Ok(svg.replace(r#" xmlns="http://www.w3.org/2000/svg""#, ""))
}

fn axes<'a, 'b>(area: &'a Area<'b>) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut builder = ChartBuilder::on(area);
    builder.margin(10).margin_right(20).x_label_area_size(42).y_label_area_size(56);
    builder
}

type Mesh<'a, 'b, 'c> = plotters::chart::MeshStyle<
    'a,
    'b,
    plotters::coord::types::RangedCoordf64,
    plotters::coord::types::RangedCoordf64,
    SVGBackend<'c>,
>;

fn grid<'m, 'a, 'b, 'c>(mesh: &'m mut Mesh<'a, 'b, 'c>) -> &'m mut Mesh<'a, 'b, 'c> {
    let number = &|x: &f64| format!("{x:.2}");
    mesh.x_labels(6)
        .y_labels(6)
        .x_label_formatter(number)
        .y_label_formatter(number)
        .label_style(LABELS)
        .axis_desc_style(LABELS)
        .light_line_style(TRANSPARENT)
        .bold_line_style(PALE.mix(0.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_a_point_for_every_bin_and_its_axes_named() {
        let bin = |confidence, accuracy| Bin { count: 5, confidence, accuracy };
        let svg = reliability(&[bin(0.4, 0.5), bin(0.8, 0.7), bin(0.95, 0.9)]).expect("drawn");
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(svg.starts_with("<svg") && svg.contains("confidence") && !svg.contains("http"));
    }

    #[test]
    fn curves_of_nothing_and_of_very_many_are_drawn() {
        assert!(reliability(&[]).expect("drawn").contains("</svg>"));
        assert!(risk_coverage(&[]).expect("drawn").contains("</svg>"));
        let many = risk_coverage(&vec![0.1; 100_000]).expect("drawn");
        assert!(many.len() < 60_000, "{}", many.len());
    }
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

/** A machine that others keep busy takes several times as long to import and to draw. */
const LONG = { timeout: 120 };

/** What the code writes; every warning is an error, and messages of loggers come out on stderr. */
async function run(code: string): Promise<{ output: string; stderr: string }> {
  const { body } = await server.execute('u', `import warnings\nwarnings.simplefilter("error")\n${code}`, LONG);
  return { output: body.output, stderr: body.stderr };
}

const TITLE = '売上 매출 销售 📈😀 ❤️ 🥳 é €';

/** Draws a title that needs four fonts, in all the formats that are usual. */
const draw = (settings: string, title = TITLE) => `import io, matplotlib.pyplot as plt
${settings}
plt.plot([1, 2])
plt.title(${JSON.stringify(title)})
plt.xlabel(${JSON.stringify(title)}, weight='bold')
for kind in 'png', 'svg', 'pdf': plt.savefig(io.BytesIO(), format=kind)
print('drawn')`;

describe('a title in Chinese, Japanese and Korean with emoji is drawn without a warning', () => {
  it.each([
    ['as it is', ''],
    ['in Arial', 'plt.rcParams["font.family"] = "Arial"'],
    ['in Times New Roman', 'plt.rcParams["font.family"] = ["Times New Roman"]'],
    ['in a serif', 'plt.rcParams["font.family"] = "serif"'],
    ['in the fonts that people set for Chinese', 'plt.rcParams["font.sans-serif"] = ["SimHei"]'],
    ['in the fonts that people set for Japanese', 'plt.rcParams["font.family"] = "Yu Gothic"'],
    ['in the fonts that people set for Korean', 'plt.rc("font", family="Malgun Gothic")'],
    ['in the theme of seaborn', 'import seaborn as sns\nsns.set_theme()'],
    ['in the style of ggplot', 'plt.style.use("ggplot")'],
    [
      'in a font that the code brings',
      'from matplotlib import font_manager as f\nf.fontManager.addfont("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")',
    ],
  ])('%s', async (_what, settings) => {
    expect(await run(draw(settings))).toEqual({ output: 'drawn\n', stderr: '' });
  });

  it('by pandas', async () => {
    const code = `import pandas as pd, io
ax = pd.DataFrame({'売上': [1, 2], '매출': [3, 4]}, index=['东京', 'Seoul']).plot.bar(title=${JSON.stringify(TITLE)})
ax.figure.savefig(io.BytesIO())
print('drawn')`;
    expect(await run(code)).toEqual({ output: 'drawn\n', stderr: '' });
  });

  it('in each character’s own shape, and not as the box of a character that no font has', async () => {
    const code = `import hashlib, numpy as np, matplotlib.pyplot as plt
def picture(text):
    figure = plt.figure(figsize=(1, 1), dpi=80)
    figure.text(0.2, 0.3, text, fontsize=30)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba()).copy()
    plt.close(figure)
    return hashlib.md5(pixels.tobytes()).hexdigest(), int((pixels[..., 0] < 128).sum())
shapes = {text: picture(text) for text in '売上매출销售東京あア한글📈😀🚀🥳🧪กअت'}
print(len({shape for shape, _ in shapes.values()}) == len(shapes), all(ink > 20 for _, ink in shapes.values()))
warnings.simplefilter('ignore')
box, _ = picture(chr(0xFFFF0))
print(box == picture(chr(0xFFFF1))[0], box in {shape for shape, _ in shapes.values()})`;
    expect(await run(code)).toEqual({ output: 'True True\nTrue False\n', stderr: '' });
  });

  it('in other shapes for Arial than for the font that is usual', async () => {
    const code = `from matplotlib import font_manager as f
for name in 'Arial', 'Helvetica', 'Times New Roman', 'Courier New': print(f.findfont(name).rsplit('/', 1)[1], f.findfont(f.FontProperties(name, weight='bold')).rsplit('/', 1)[1])`;
    expect((await run(code)).output).toBe(
      'LiberationSans-Regular.ttf LiberationSans-Bold.ttf\n'.repeat(2) +
        'LiberationSerif-Regular.ttf LiberationSerif-Bold.ttf\nLiberationMono-Regular.ttf LiberationMono-Bold.ttf\n',
    );
  });
});

it('a font that the code brings under a name that the image has a like for comes before that', async () => {
  const code = `from fontTools.ttLib import TTFont
font = TTFont('/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf')
for record in font['name'].names:
    if record.nameID in (1, 16): record.string = 'Arial'
font.save('/workspace/own.ttf')
from matplotlib import font_manager as f
f.fontManager.addfont('/workspace/own.ttf')
print(f.findfont('Arial'))`;
  expect((await run(code)).output).toBe('/workspace/own.ttf\n');
});

it.each(['.fonts', '.local/share/fonts'])('fonts in %s are found by the first plot of a sandbox', async (folder) => {
  const user = `fonts-in-${folder.length}`;
  await server.execute(
    user,
    `import os, pathlib
folder = pathlib.Path.home() / ${JSON.stringify(folder)}
os.makedirs(folder)
from fontTools.ttLib import TTFont
font = TTFont('/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf')
for record in font['name'].names:
    if record.nameID in (1, 16): record.string = 'Only Here'
font.save(folder / 'own.ttf')`,
    LONG,
  );
  const { body } = await server.execute(
    user,
    'import matplotlib.font_manager as f\nprint(f.findfont("Only Here", fallback_to_default=False))',
    LONG,
  );
  expect(body).toMatchObject({ success: true, output: `/home/user/${folder}/own.ttf\n` });
});

it('Pillow finds fonts by the names of files that programs say', async () => {
  const code = `from PIL import ImageFont
for name in 'arial.ttf', 'arialbd.ttf', 'times.ttf', 'cour.ttf', 'DejaVuSans.ttf', 'wqy-microhei.ttc': print(ImageFont.truetype(name, 20).getname()[0])`;
  expect((await run(code)).output).toBe(
    'Liberation Sans\nLiberation Sans\nLiberation Serif\nLiberation Mono\nDejaVu Sans\nWenQuanYi Micro Hei\n',
  );
});

it('the first plot of a sandbox makes no list of fonts', async () => {
  const code = `import logging
logging.basicConfig(level='INFO')
import matplotlib.pyplot`;
  const { body } = await server.execute('first', code, LONG);
  expect(body.stderr).not.toMatch(/font/i);
  expect(body.success).toBe(true);
});

it('IPython and seaborn are there', async () => {
  const code = `import IPython, seaborn
shell = IPython.InteractiveShell.instance()
print(shell.run_cell('x = 6 * 7; x').result)`;
  expect((await server.execute('ipython', code, LONG)).body).toMatchObject({ output: expect.stringMatching(/42\n$/) });
  const own = await server.shell('ipython', "ipython -c 'print(6 * 7)'", LONG);
  expect(own.body).toMatchObject({ success: true, output: '42\n' });
});

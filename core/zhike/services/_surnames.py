"""Surnames that are read otherwise than the character is elsewhere, and compound surnames 复姓.

Readings without tones, syllables separated by a blank, ``v`` for ü. Only what differs from the
first reading of the dictionary needs a line, but a surname may stand here for certainty's sake.
"""

from __future__ import annotations

_SINGLE = """
单 shan|曾 zeng|仇 qiu|区 ou|查 zha|解 xie|尉 wei|乐 yue|盖 ge|朴 piao|任 ren|华 hua|缪 miao|宁 ning
翟 zhai|折 she|繁 po|种 chong|洗 xian|冼 xian|员 yun|贠 yun|晟 cheng|召 shao|秘 bi|谌 chen|郇 xun
撒 sa|过 guo|纪 ji|哈 ha|令 ling|应 ying|教 jiao|牟 mu|万 wan|俞 yu|於 yu|余 yu|覃 qin|隗 wei
燕 yan|相 xiang|祭 zhai|能 nai|炅 gui|逄 pang|逯 lu|禚 zhuo|郗 xi|郄 qie|訾 zi|揭 jie|臧 zang|庹 tuo
车 che|卜 bu|沈 shen|石 shi|叶 ye|葛 ge|冯 feng|尹 yin|贾 jia|薄 bo|柏 bai|强 qiang|适 kuo|佴 nai
佟 tong|亓 qi|仉 zhang|阚 kan|暴 bao|都 du|那 na|幺 yao|钭 tou|巩 gong|句 gou|厍 she|蔺 lin|要 yao
费 fei|卓 zhuo|行 xing|长 chang|重 chong|曲 qu|藏 zang|番 pan|茄 jia|莘 shen|眭 sui|瞿 qu|褚 chu
宓 mi|温 wen
殷 yin|苫 shan|宿 su|占 zhan|谷 gu|系 xi|给 ji|调 diao|辟 pi|祝 zhu|杜 du|角 jue|黑 he|盛 sheng
"""

_COMPOUND = """
尉迟 yu chi|万俟 mo qi|长孙 zhang sun|澹台 tan tai|单于 chan yu|令狐 ling hu|宇文 yu wen
欧阳 ou yang|上官 shang guan|司马 si ma|诸葛 zhu ge|夏侯 xia hou|皇甫 huang fu|东方 dong fang
慕容 mu rong|东陵 dong ling
公孙 gong sun|轩辕 xuan yuan|司徒 si tu|司空 si kong|鲜于 xian yu|闾丘 lv qiu|亓官 qi guan
独孤 du gu|南宫 nan gong|西门 xi men|东郭 dong guo|百里 bai li|呼延 hu yan|端木 duan mu
申屠 shen tu|太史 tai shi|钟离 zhong li|濮阳 pu yang|公冶 gong ye|宗政 zong zheng|赫连 he lian
拓跋 tuo ba|淳于 chun yu|第五 di wu|南门 nan men|梁丘 liang qiu|左丘 zuo qiu|羊舌 yang she
子车 zi ju|颛孙 zhuan sun|仲孙 zhong sun|叔孙 shu sun|公羊 gong yang|公良 gong liang|漆雕 qi diao
乐正 yue zheng|壤驷 rang si|司寇 si kou|巫马 wu ma|段干 duan gan|谷梁 gu liang|宰父 zai fu
夹谷 jia gu|完颜 wan yan|纳兰 na lan|东阳 dong yang|贺兰 he lan|哥舒 ge shu|耶律 ye lv|爱新 ai xin
"""


def _table(text: str) -> dict[str, str]:
    entries = text.replace("\n", "|").strip("|").split("|")
    return {name: reading for name, _, reading in (entry.partition(" ") for entry in entries)}


COMPOUND_SURNAMES = frozenset(_table(_COMPOUND))
"""Surnames of two characters."""

SURNAME_READINGS = _table(_SINGLE) | _table(_COMPOUND)
"""Surname → its reading as a surname, one syllable per character."""

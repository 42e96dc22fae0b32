"""The first warranty terms: 180 days for both grades. A change of the promise is a new version, never an edit."""

from datetime import date

from django.db import migrations

VERSION = "2026-1"
VALID_FROM_ON = date(2026, 1, 1)
DAYS = 180

PROMISE_EN = """\
What we promise
For {days} full days after the day on which the repair was completed we make good, at no cost to you, every \
fault of the part that we fitted and of our work: the same fault again, and any function that our repair \
impaired. Part, labour and the visit to your place are included.
A rework never shortens this term. A part that we replace under warranty is covered for the longer of the time \
that was left and 30 days. Time during which your phone is in our hands does not count.

{part}

What is not covered
1. Damage to the fitted part by a fall, a blow, pressure or bending after the repair.
2. Liquid that got into the phone after the repair.
3. A fitted part that somebody other than us opened, changed or repaired afterwards.
4. Faults of components on which we did not work, unless our work caused them.
5. The normal wear of a battery, as long as it still holds 80% of its rated capacity.
6. Data on the phone: please keep a backup.

How we decide
We refuse a claim only where one of these points is shown to be the cause of the fault. A scratch, or damage to \
another component, is no reason to refuse. Every refusal says its reason, and you may file another claim at any \
time.
Your rights by law stay as they are."""

PROMISE_ZH = """\
我们的承诺
自维修完成之日的次日起，足 {days} 天内，凡本次更换的配件或我们的维修工艺出现问题（同一故障再次出现，或因本次维修\
导致其他功能受影响），我们免费修好，包含配件、工时和上门费用。
返修不会缩短保修期。保修期内更换的配件，按剩余保修期与 30 天两者中较长的计算。手机在我们手中的时间不计入保修期。

{part}

不在保修范围内
1. 维修之后，所换配件因跌落、撞击、挤压或弯折而损坏。
2. 维修之后，手机进液。
3. 所换配件在我们维修之后被他人拆开、改动或维修。
4. 本次未维修的部件自身的故障，由我们的维修造成的除外。
5. 电池的正常损耗（容量仍不低于额定容量的 80%）。
6. 手机中的数据，请自行备份。

我们如何判定
只有在证明故障由上述某一条原因造成时，我们才会拒绝保修。划痕或其他部件的损坏不能作为拒绝的理由。\
每次拒绝都会说明理由，您可以随时再次提出申请。
您依法享有的权利不受影响。"""

GRADES = {
    "original": (
        "The part is an original one: supplied by the maker of the phone.",
        "所用配件为原厂配件，由手机品牌方供应。",
    ),
    "certified": (
        "The part is a certified third-party one: not supplied by the maker of the phone, tested and certified "
        "by the body named on its certificate. The phone may show a notice that the part is not an original "
        "one; this notice alone is no fault.",
        "所用配件为认证第三方配件，并非由手机品牌方供应，已由证书所载机构检测认证。"
        "手机可能提示配件并非原厂，仅有该提示不属于故障。",
    ),
}


def create_first_terms(apps, schema_editor):
    terms = apps.get_model("warranty", "WarrantyTerms")
    for grade, (part_en, part_zh) in GRADES.items():
        terms.objects.get_or_create(
            version=VERSION,
            grade=grade,
            defaults={
                "days": DAYS,
                "valid_from_on": VALID_FROM_ON,
                "text_en": PROMISE_EN.format(days=DAYS, part=part_en),
                "text_zh": PROMISE_ZH.format(days=DAYS, part=part_zh),
            },
        )


class Migration(migrations.Migration):
    dependencies = [("warranty", "0001_warranties_and_claims")]

    operations = [migrations.RunPython(create_first_terms, migrations.RunPython.noop)]

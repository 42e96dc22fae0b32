from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_people_and_their_codes"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="onetimecode",
            name="one_time_code_purpose_known",
        ),
        migrations.AlterField(
            model_name="onetimecode",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("contact", "proves a contact"),
                    ("door", "opens the door step"),
                    ("proposal", "accepts a proposal on the phone"),
                ],
                max_length=16,
                verbose_name="purpose",
            ),
        ),
        migrations.AddConstraint(
            model_name="onetimecode",
            constraint=models.CheckConstraint(
                condition=models.Q(("purpose__in", ["contact", "door", "proposal"])),
                name="one_time_code_purpose_known",
            ),
        ),
    ]

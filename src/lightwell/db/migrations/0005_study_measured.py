# Written like Django's own: a study knows whether its staged files are all that were listed.

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("db", "0004_amendments"),
    ]

    operations = [
        migrations.AddField(
            model_name="study",
            name="measured",
            field=models.PositiveIntegerField(null=True),
        ),
    ]
